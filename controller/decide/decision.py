"""A decision: what to write to the ledger, what to do, and what to look up first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from datetime import UTC, date, datetime
from enum import StrEnum

from controller.jobs.claim import Claim
from controller.jobs.quota_hold import QuotaHold
from controller.jobs.work import Work
from controller.ledger.entry import Ended, Entry, Flagged, RuleHeldBack, Started
from controller.ledger.intent import Announce, Intent, Probe, Publish, Settle, Stop, Submit, Wake
from controller.ledger.pool import CapacitySignal, PhaseTimes
from controller.ledger.under_policy import under
from controller.units.value import dataclass, replace


class Need(StrEnum):
    """A fact that costs a call to look up, and that few decisions depend on.

    A decider that lacks one puts it into ``Decision.needs`` and decides nothing that depends on it. The runtime looks it up, adds
    the answer to the facts, and decides again.
    """

    ON_DEMAND_ROOM = "on-demand room"  # how many instances the on-demand quota still has room for: ``Facts.room``
    TEAM_SPENT = "team spent"  # how much of the team's spend cap for this month is spent or reserved: ``Facts.team_spent_micros``
    REPAIR_PREFIX = "repair prefix"  # which checkpoint prefix a repaired job may be given: ``Facts.repair_prefix``
    RULE_ACTS = "rule acts"  # on how many jobs guarded rules acted: ``Facts.rule_acts`` and ``Facts.last_day``
    DONE_ELSEWHERE = "done elsewhere"  # which other job does the same work: ``Facts.done_elsewhere``
    PLACEMENT_SCORE = "placement score"  # EC2's placement score of the pool, once an hour: ``Facts.placement``


@dataclass(frozen=True, slots=True, kw_only=True)
class DeciderProblem:
    """A decider that raised on these facts.

    ``error`` is the exception's class and ``at`` the file and line that raised: its text may quote other people's values.
    """

    decider: str
    error: str
    at: str


WRITES_MAX = 64  # TransactWriteItems takes 100 items; the rest is a margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``entries`` and ``intents`` are to be written. ``withdrawn`` and ``abandoned`` are open intents to be closed.

    * ``claims`` on checkpoint prefixes and ``holds`` on quota are taken; ``released`` and ``freed`` ones are given back.
    * ``works`` (what jobs work on), ``capacity`` (signals of spot pools) and ``times`` (how long phases took) are stored for
      other lineages.
    * ``late`` are days before the commit (``late_at``) to which entries belong: their rollups have to be made again.
    * ``needs`` are facts to look up: a decision with one is not committed, but made again once the runtime has looked them up.
    * ``said`` are all intents that are decided now, known ones too. No act on SageMaker is performed that is not among them.
    * ``doubtful`` are keys of intents that are decided only because they were tried before: nothing new is created for them.
    * ``problems`` are deciders that raised; the decisions of the others count.
    * ``partial``: some deciders did not run, so nothing is withdrawn.
    """

    entries: tuple[Entry, ...] = ()
    intents: tuple[Intent, ...] = ()
    withdrawn: tuple[Intent, ...] = ()
    abandoned: tuple[Intent, ...] = ()
    claims: tuple[Claim, ...] = ()
    released: tuple[Claim, ...] = ()
    holds: tuple[QuotaHold, ...] = ()
    freed: tuple[QuotaHold, ...] = ()
    works: tuple[Work, ...] = ()
    late: tuple[date, ...] = ()
    late_at: datetime | None = field(default=None, compare=False)
    said: tuple[Intent, ...] = field(default=(), compare=False)
    doubtful: frozenset[str] = frozenset()
    problems: tuple[DeciderProblem, ...] = ()
    capacity: tuple[CapacitySignal, ...] = ()
    times: tuple[PhaseTimes, ...] = ()
    needs: frozenset[Need] = frozenset()
    partial: bool = False

    def __or__(self, other: Decision) -> Decision:
        if other == NOTHING:  # most deciders decide nothing
            return self
        return Decision(
            entries=self.entries + other.entries,
            intents=self.intents + other.intents,
            withdrawn=self.withdrawn + other.withdrawn,
            abandoned=self.abandoned + other.abandoned,
            claims=self.claims + other.claims,
            released=self.released + other.released,
            doubtful=self.doubtful | other.doubtful,
            problems=self.problems + other.problems,
            holds=self.holds + other.holds,
            freed=self.freed + other.freed,
            works=self.works + other.works,
            capacity=self.capacity + other.capacity,
            times=self.times + other.times,
            needs=self.needs | other.needs,
        )

    def __bool__(self) -> bool:
        return self.writes > 0

    @property
    def writes(self) -> int:
        return (
            len(self.entries) + len(self.intents) + len(self.withdrawn) + len(self.abandoned)
            + len(self.claims) + len(self.released) + len(self.holds) + len(self.freed) + len(self.capacity) + len(self.times)
            + len(self.works)
        )  # fmt: skip

    def confirms(self, intent: Intent) -> Intent | None:
        """A leased intent with the action that is decided now; None where this decision does not contain it."""
        now = next((i.action for i in self.said if i.key == intent.key), None)
        if now is None or intent.key in self.doubtful:
            return None
        if isinstance(now, Submit) and not (isinstance(intent.action, Submit) and intent.action.same_request(now)):
            return None
        acts = isinstance(now, Submit | Stop | Probe | Publish | Settle)
        return replace(intent, action=now) if acts else intent  # a message stays as it was first written

    def under(self, revision: str, mode: str) -> Decision:
        """The decision with this policy revision and mode in each entry and announcement that has none of its own."""
        intents = tuple(
            replace(i, action=under((i.action,), revision, mode)[0]) if isinstance(i.action, Announce) else i
            for i in self.intents
        )
        return replace(self, entries=under(self.entries, revision, mode), intents=intents)

    def leased(self, now: datetime, until: datetime) -> Decision:
        """The decision as it is committed: an intent that is due is leased, until ``until``, to the function that commits it."""
        days = {e.at.astimezone(UTC).date() for e in self.entries}
        return replace(
            self,
            intents=tuple(i.leased(until, now) if i.due(now) else i for i in self.intents),
            late=tuple(sorted(day for day in days if day < now.astimezone(UTC).date())),
            late_at=now,
        )

    @property
    def counted(self) -> tuple[Flagged | RuleHeldBack, ...]:
        """The entries that a rule's guard against surprises counts."""
        return tuple(e for e in self.entries if isinstance(e, RuleHeldBack) or (isinstance(e, Flagged) and e.acts))

    @property
    def size(self) -> int:
        """How many items its transaction writes, at most.

        Besides the rows themselves: one under the name of each job to be created, one for each entry that a guard counts, and
        one mark for each day of an entry, which is written if the day is late.
        """
        named = sum(isinstance(i.action, Submit | Probe) for i in self.intents)
        return self.writes + named + len(self.counted) + len({e.at.astimezone(UTC).date() for e in self.entries})

    def cut(self, about: str, now: datetime, most: int = WRITES_MAX) -> Decision:
        """The part of the decision that fits into ``most`` writes; the next look at the job decides the rest.

        Entries come first, then acts, messages, and withdrawals. An overdue Wake stays open until the last part is written, so
        that a sweep continues if the function ends before that.
        """
        if self.size <= most:
            return self
        overdue = next((i for i in self.withdrawn if isinstance(i.action, Wake) and i.action.at <= now), None)
        part = Decision() if overdue else Decision(intents=(Intent(action=Wake(about=about, at=now), due_at=now),))
        for piece in self._pieces(but=overdue):
            more = part | piece
            if more.size > most:
                break
            part = more
        return replace(part, said=self.said, doubtful=self.doubtful, problems=self.problems)

    def _pieces(self, but: Intent | None) -> Iterator[Decision]:
        """The parts that may be committed one after another, in this order, without the intent ``but``."""
        plain = (e for e in self.entries if not isinstance(e, Started | Ended))
        yield from (Decision(entries=(entry,)) for entry in plain)
        yield Decision(
            entries=tuple(e for e in self.entries if isinstance(e, Started | Ended)), claims=self.claims, holds=self.holds,
            released=self.released, freed=self.freed, capacity=self.capacity, times=self.times, works=self.works,
        )  # fmt: skip
        first = (Wake, Stop, Submit, Probe, Settle)
        yield from (Decision(intents=(i,)) for i in sorted(self.intents, key=lambda i: not isinstance(i.action, first)))
        yield from (Decision(abandoned=(i,)) for i in self.abandoned)
        yield from (
            Decision(withdrawn=(i,)) for i in sorted(self.withdrawn, key=lambda i: isinstance(i.action, Wake)) if i is not but
        )


NOTHING = Decision()
