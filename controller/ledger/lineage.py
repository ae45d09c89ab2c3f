"""A lineage: a root job and every attempt that the controller submitted for it.

A job is an attempt only if it is the request that the controller sent, according to the ledger: ``is_sent``. Tags are for people:
whoever may create or tag a job can copy, forge or remove them.
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
AFTER_LEASE = timedelta(seconds=60)  # and ahead of it: nothing that a lease covers is created later
GENERATIONS_MAX = 20  # names of one attempt that may be taken by others

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    id: LineageId
    version: int = 0
    entries: tuple[Entry, ...] = ()
    intents: tuple[Intent, ...] = ()

    def entry(self, kind: type[E], job: str) -> E | None:
        """The entry of that kind about a job; of kinds with several entries per job, any one."""
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
        """The waivers that people gave in Slack and that have not ended."""
        return tuple(e for e in self.entries if isinstance(e, Waived) and e.until > now)

    def submits(self) -> tuple[tuple[Submit, Intent], ...]:
        """Every submission that was ever tried, by number, but for those whose name was used up without an attempt."""
        tried = [(i.action, i) for i in self.intents if isinstance(i.action, Submit) and i.claim > 0 and not i.name_spent]
        return tuple(sorted(tried, key=lambda pair: pair[0].number))

    def number_of(self, job: Job) -> int | None:
        """Which attempt of this lineage the job is: 1 for the root, None for a job that is no attempt of it.

        An attempt is proved when it is first seen; from then on its name and CreationTime are proof enough.
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
        """Whether an older version submitted the job, which wrote no identity: then its tag has to do."""
        return isinstance(intent.action, Submit) and not intent.action.sent and job.tags.get(LINEAGE_TAG) == str(self.id)

    def generation_of(self, number: int) -> int:
        """Which name of an attempt is the next to be tried: the first is generation 1."""
        spent = (i for i in self.intents if isinstance(i.action, Submit) and i.action.number == number and i.name_spent)
        return 1 + sum(1 for _ in spent)

    def name_of(self, number: int, identity: str) -> str:
        """The name of an attempt: the next one where others took those before. ``identity`` is that of any of the attempts."""
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
    """Whether a job is the request that an intent sent, created while the intent was being performed.

    The same request under the same role, created by somebody else in that time, passes too, and harms nobody.
    """
    action = intent.action
    if not isinstance(action, Submit | Probe) or action.job != job.name or not action.sent:
        return False
    if intent.claimed_at is None or intent.lease_ends_at is None:
        return False
    in_time = intent.claimed_at - BEFORE_CLAIM <= job.created_at <= intent.lease_ends_at + AFTER_LEASE
    return in_time and job.identity == action.identity and RequestForm.of(job).to_json() == action.sent


def newest_attempt(lineage: Lineage) -> Started | None:
    """The newest attempt that was seen."""
    return max((e for e in lineage.entries if isinstance(e, Started)), key=lambda e: e.number, default=None)


def team_of(lineage: Lineage) -> str | None:
    """The team that pays for a lineage: the first that its first attempt was seen with until its tags were read; ListTags may be
    late. What is changed later, and tags of later attempts, do not count: whoever may change them would choose who pays.
    """
    of_root = [e for e in lineage.entries if e.job == lineage.id.root]
    read_at = next((e.at for e in of_root if isinstance(e, DirectivesRead) and e.number == 0), datetime.max.replace(tzinfo=UTC))
    seen = [e for e in of_root if e.team and e.at <= read_at and not (isinstance(e, DirectivesRead) and e.number)]
    return min(seen, key=lambda e: (not isinstance(e, Started), e.at, e.key)).team if seen else None


def mode_of(lineage: Lineage) -> str:
    """The mode that was in force when the newest attempt was first seen; empty where nobody wrote it down."""
    newest = newest_attempt(lineage)
    return newest.mode if newest is not None else ""


def owner_of(lineage: Lineage, started: Started) -> Service | None:
    """The service that an attempt is known to belong to: by its description, or by the owner's own word."""
    checked = lineage.entry(OwnerChecked, started.job)
    return started.service or (checked.service if checked is not None and checked.owned else None)
