"""A lineage: a root job and every attempt that the controller submitted for it.

A job is an attempt only if its request is the one that the controller sent according to the ledger (``is_sent``). Tags prove
nothing, because whoever may create or tag a job can copy, forge or remove them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from controller.jobs.changes import RequestForm
from controller.jobs.job import Job, Service
from controller.ledger.attempt_name import attempt_name
from controller.ledger.entry import DirectivesRead, Entry, OwnerChecked, Started, Waived
from controller.ledger.intent import Intent, IntentResult, Probe, Submit
from controller.ledger.lineage_id import LineageId
from controller.units.value import dataclass

LINEAGE_TAG = "spotwarden:lineage"  # for people to read; rows of older versions are found by it
ATTEMPT_TAG = "spotwarden:attempt"
BEFORE_CLAIM = timedelta(seconds=5)  # how far SageMaker's clock may be behind ours
AFTER_LEASE = timedelta(seconds=60)  # how far it may be ahead; what was requested under a lease is created before that
GENERATIONS_MAX = 20  # names that are tried for one attempt, if others take them

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What the ledger contains about a lineage. ``version`` counts its commits: one fails if another came first."""

    id: LineageId
    version: int = 0
    entries: tuple[Entry, ...] = ()
    intents: tuple[Intent, ...] = ()

    def entry(self, kind: type[E], job: str) -> E | None:
        """The entry of that kind about a job, None without one; of kinds with several entries per job, any of them."""
        return next((e for e in self.entries if isinstance(e, kind) and e.job == job), None)

    def intent(self, key: str) -> Intent | None:
        return next((i for i in self.intents if i.key == key), None)

    def standing(self) -> frozenset[str]:
        """The keys of all entries and of all intents that are not withdrawn. A withdrawn intent may be written again."""
        return frozenset(e.key for e in self.entries) | frozenset(
            i.key for i in self.intents if i.closed is not IntentResult.WITHDRAWN
        )

    def open_intents(self, about: str | None = None) -> tuple[Intent, ...]:
        return tuple(i for i in self.intents if i.open and about in (None, i.action.about))

    def waivers_in_force(self, now: datetime) -> tuple[Waived, ...]:
        """The waivers that people gave in Slack and that had not ended at ``now``."""
        return tuple(e for e in self.entries if isinstance(e, Waived) and e.until > now)

    def submits(self) -> tuple[tuple[Submit, Intent], ...]:
        """Every submission that was ever tried, ordered by number, without those whose name is used up."""
        tried = [(i.action, i) for i in self.intents if isinstance(i.action, Submit) and i.claim > 0 and not i.name_spent]
        return tuple(sorted(tried, key=lambda pair: pair[0].number))

    def number_of(self, job: Job) -> int | None:
        """The number of the attempt that the job is in this lineage: 1 for the root, None for a job that is no attempt of it.

        An attempt is checked (``is_sent``) when it is first seen; after that its name and CreationTime are enough.
        """
        started = self.entry(Started, job.name)
        if started is not None and started.at != job.created_at:
            return None  # the name was used again: another job
        if (job.name, job.created_at) == (self.id.root, self.id.created_at):
            return 1
        found = next(((submit.number, intent) for submit, intent in self.submits() if submit.job == job.name), None)
        if found is None:
            return None
        number, intent = found
        return number if started is not None or is_sent(intent, job) or self._is_of_an_older_version(intent, job) else None

    def _is_of_an_older_version(self, intent: Intent, job: Job) -> bool:
        """Whether an older version, which recorded no ``sent`` request, submitted the job: then only its tag can be compared."""
        return isinstance(intent.action, Submit) and not intent.action.sent and job.tags.get(LINEAGE_TAG) == str(self.id)

    def generation_of(self, number: int) -> int:
        """Which name of the attempt is to be tried next: 1 for the first, and one more for each name that is used up."""
        spent = (i for i in self.intents if isinstance(i.action, Submit) and i.action.number == number and i.name_spent)
        return 1 + sum(1 for _ in spent)

    def name_of(self, number: int, identity: str) -> str:
        """The name of the attempt that is to be tried next. ``identity`` is used where that of the root is not recorded."""
        root = self.entry(Started, self.id.root)
        return attempt_name(self.id, number, self.generation_of(number), (root.identity if root else "") or identity)

    def newest_number(self) -> int:
        """The number of the newest attempt that is known to exist."""
        known = (
            submit.number
            for submit, intent in self.submits()
            if intent.closed is IntentResult.DONE or self.entry(Started, submit.job)
        )
        return max(known, default=1)


def is_sent(intent: Intent, job: Job) -> bool:
    """Whether a job has the request that an intent sent, and was created while the intent was performed.

    The same request with the same role, created by somebody else in that time, counts too. That does no harm.
    """
    action = intent.action
    if not isinstance(action, Submit | Probe) or action.job != job.name or not action.sent:
        return False
    if intent.claimed_at is None or intent.lease_ends_at is None:
        return False
    in_time = intent.claimed_at - BEFORE_CLAIM <= job.created_at <= intent.lease_ends_at + AFTER_LEASE
    return in_time and job.identity == action.identity and RequestForm.of(job).to_json() == action.sent


def newest_attempt(lineage: Lineage) -> Started | None:
    """The newest attempt that was seen; None before the first."""
    return max((e for e in lineage.entries if isinstance(e, Started)), key=lambda e: e.number, default=None)


def team_of(lineage: Lineage) -> str | None:
    """The team that pays for a lineage: the first team in the entries about its first attempt, up to the reading of its tags.

    Later changes of tags, and tags of later attempts, do not count: otherwise whoever may change tags would choose who pays.
    """
    of_root = [e for e in lineage.entries if e.job == lineage.id.root]
    read_at = next((e.at for e in of_root if isinstance(e, DirectivesRead) and e.number == 0), datetime.max.replace(tzinfo=UTC))
    seen = [e for e in of_root if e.team and e.at <= read_at and not (isinstance(e, DirectivesRead) and e.number)]
    return min(seen, key=lambda e: (not isinstance(e, Started), e.at, e.key)).team if seen else None


def mode_of(lineage: Lineage) -> str:
    """The mode that was in force when the newest attempt was first seen; empty if an older version recorded it."""
    newest = newest_attempt(lineage)
    return newest.mode if newest is not None else ""


def owner_of(lineage: Lineage, started: Started) -> Service | None:
    """The service that an attempt belongs to, by its description or by the owner's answer; None without proof."""
    checked = lineage.entry(OwnerChecked, started.job)
    return started.service or (checked.service if checked is not None and checked.owned else None)
