"""Messages as plain facts without markup. The ledger stores these; ``controller.notifications`` turns them into text.

A message is one of the classes below; ``kind`` is its stored name and the first word of its topic. A stored value never changes.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, get_args

from controller.ledger.messages.attempts import Abandoned as Abandoned
from controller.ledger.messages.attempts import ChangedBack as ChangedBack
from controller.ledger.messages.attempts import DoneElsewhere as DoneElsewhere
from controller.ledger.messages.attempts import NameTaken as NameTaken
from controller.ledger.messages.attempts import NotDone as NotDone
from controller.ledger.messages.attempts import NotPermitted as NotPermitted
from controller.ledger.messages.attempts import Refused as Refused
from controller.ledger.messages.attempts import StepSkipped as StepSkipped
from controller.ledger.messages.facts import CapFacts as CapFacts
from controller.ledger.messages.facts import CheckpointFacts as CheckpointFacts
from controller.ledger.messages.facts import CostFacts as CostFacts
from controller.ledger.messages.facts import JobFacts as JobFacts
from controller.ledger.messages.facts import OfJob as OfJob
from controller.ledger.messages.kind import GiveUpReason, MessageKind, NextStep
from controller.ledger.messages.policy import CreateRefused as CreateRefused
from controller.ledger.messages.policy import PolicyRefused as PolicyRefused
from controller.ledger.messages.policy import SurpriseHeld as SurpriseHeld
from controller.ledger.messages.policy import TuningFlagged as TuningFlagged
from controller.ledger.messages.policy import WaiverExpiring as WaiverExpiring
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBroken(OfJob):
    """A job breaks the rule ``policy``. ``found`` and ``wanted`` are the value of ``field`` and what the rule wants, in words."""

    kind: ClassVar = MessageKind.FLAGGED
    policy: str
    severity: str
    field: str
    found: str
    wanted: str
    risk: str = ""
    fix: str = ""  # JSON
    next_step: NextStep = NextStep.NOTHING
    why_not: str = ""  # why the job is not repaired, for NextStep.CANNOT_REPAIR
    claimed: str = ""  # the service that the job claims as its owner, without proof
    mode: str = ""  # the one in force for the job; empty in messages of older versions
    revision: str = ""
    held_back: str = ""  # why a rule that enforces only warns: a value of ``HeldBack``
    lapsed: str = ""  # why a waiver for the job does not count, as a sentence
    rule: str = ""  # the id of the rule's kind
    next_micros: int | None = None  # what the repaired job costs at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Resubmitting(OfJob):
    """``counted``: the attempt counts against a limit, as try ``tried`` + 1 of ``limit``. ``why`` is as in ``Stop.because``.

    ``tags_left`` are the keys of the tags that have no room on the attempt; ``revision`` is that of the policy that repaired it.
    ``was`` has the former values of the members in ``changes``; ``broken`` lists the findings about a job that is repaired.
    """

    kind: ClassVar = MessageKind.RESUBMITTING
    cause: str
    attempt: str
    due_at: datetime
    counted: bool = True
    tried: int = 0
    limit: int = 1
    changes: str = ""  # JSON
    why: str = ""
    checkpoint: CheckpointFacts | None = None
    tags_left: str = ""
    revision: str = ""
    was: str = ""  # JSON
    broken: str = ""  # JSON
    next_micros: int | None = None  # what the attempt costs at most


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldResubmit(OfJob):
    kind: ClassVar = MessageKind.WOULD_RESUBMIT
    cause: str
    block: str  # the name of the resubmit block, which is in warn mode
    limit: int  # retries that its budget allows


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp(OfJob):
    """``tried`` is the number of retries that count: only those without progress if ``without_progress``, else all.

    ``proven_s`` are the training seconds that checkpoints prove, None if not scanned; ``expected_s`` those of the whole job.
    """

    kind: ClassVar = MessageKind.GAVE_UP
    reason: GiveUpReason
    cause: str = ""
    tried: int = 0
    checkpoint: CheckpointFacts | None = None
    cap: CapFacts | None = None
    without_progress: bool = False
    proven_s: int | None = None
    expected_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotRepeat(OfJob):
    """A job cannot be submitted again. ``why`` is plain text; ``rules`` are the names of rules that the attempt would break."""

    kind: ClassVar = MessageKind.CANNOT_REPEAT
    why: str
    rules: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """The job was deleted. ``stops`` and ``submissions`` count the open intents that can no longer be performed."""

    kind: ClassVar = MessageKind.VANISHED
    name: str
    stops: int = 0
    submissions: int = 0
    team: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointsUnseen(OfJob):
    kind: ClassVar = MessageKind.CHECKPOINTS_UNSEEN
    uri: str
    problem: str  # why the prefix could not be scanned, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class StillStopping(OfJob):
    kind: ClassVar = MessageKind.STILL_STOPPING
    for_s: int  # seconds since the job is Stopping
    secondary: str  # its SecondaryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted(OfJob):
    kind: ClassVar = MessageKind.INTERRUPTED
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(OfJob):
    kind: ClassVar = MessageKind.FINISHED
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFacts(OfJob):
    """``reason`` is a MoveReason or ``asked_by``. For INTERRUPTIONS: their number within ``within_s``; ``limit`` are allowed."""

    reason: str
    to: str  # "on-demand", "spot" or "next-step"
    deadline: datetime | None = None
    interruptions: int = 0
    within_s: int = 0
    limit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving(MoveFacts):
    """``lost_s`` are the training seconds that are lost because no checkpoint was seen; None in messages of older versions.

    ``since_s`` are those since the newest checkpoint, ``next_micros`` is what the next attempt costs at most; None if unknown.
    ``trained``: the job has trained.
    """

    kind: ClassVar = MessageKind.MOVING
    lost_s: int | None = None
    checkpoint: CheckpointFacts | None = None
    since_s: int | None = None
    trained: bool | None = None
    next_micros: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldMove(MoveFacts):
    kind: ClassVar = MessageKind.WOULD_MOVE
    block: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMoved(OfJob):
    """A move would lose ``lost_s`` seconds of training, because no checkpoint was seen. ``reason`` is a MoveReason."""

    kind: ClassVar = MessageKind.NOT_MOVED
    reason: str
    lost_s: int
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsChanged(OfJob):
    """Tags that ask something of the controller changed after they were read: ``before`` is in force, ``after`` is not."""

    kind: ClassVar = MessageKind.TAGS_CHANGED
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotAfford(OfJob):
    kind: ClassVar = MessageKind.CANNOT_AFFORD
    cap: CapFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineLost(OfJob):
    kind: ClassVar = MessageKind.DEADLINE_LOST
    deadline: datetime
    finish_at: datetime  # the earliest finish


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineAtRisk(OfJob):
    """A job stays on spot although an interruption could miss its deadline: it is nearly done, or its policy prefers low cost.

    If it is nearly done, ``left_s`` are the training seconds left, and ``lost_s`` those that a move would destroy.
    """

    kind: ClassVar = MessageKind.DEADLINE_AT_RISK
    deadline: datetime
    nearly_done: bool = False
    left_s: int = 0
    lost_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineUnreadable(OfJob):
    kind: ClassVar = MessageKind.DEADLINE_UNREADABLE
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDemandForbidden(OfJob):
    kind: ClassVar = MessageKind.ON_DEMAND_FORBIDDEN
    block: str  # the name of the resubmit block that does not allow on-demand
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRoom(OfJob):
    """``room`` is how many more instances the account's on-demand quota allows."""

    kind: ClassVar = MessageKind.NO_ROOM
    room: int
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoEstimate(OfJob):
    kind: ClassVar = MessageKind.NO_ESTIMATE
    family: str
    runs: int  # completed runs of the family that are known
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxWaitBeforeDeadline(OfJob):
    kind: ClassVar = MessageKind.MAX_WAIT_BEFORE_DEADLINE
    wait_s: int  # MaxWaitTimeInSeconds
    ends_at: datetime  # when that time is over
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing(OfJob):
    kind: ClassVar = MessageKind.PROBING


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppingAsAsked(OfJob):
    kind: ClassVar = MessageKind.STOPPING_AS_ASKED
    who: str  # a Slack user's id


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """A rate limit is reached for ``what``, "stop" or "submit". It counts again from ``until``, the next full hour."""

    kind: ClassVar = MessageKind.RATE_LIMIT
    what: str
    limit: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeciderFailed(OfJob):
    """``decider`` is a name in ``controller.decide.DECIDERS``; ``error`` is the class name of the exception that it raised."""

    kind: ClassVar = MessageKind.DECIDER_FAILED
    decider: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledOff(OfJob):
    """A person called the next attempt off: in Slack (``who`` is a user's id), or with ``spotwarden cancel`` (a name)."""

    kind: ClassVar = MessageKind.CALLED_OFF
    attempt: str
    who: str
    why: str = ""


Message = (
    RuleBroken | Resubmitting | WouldResubmit | GaveUp | CannotRepeat | Refused | Abandoned | NameTaken | NotPermitted
    | StepSkipped | DoneElsewhere | ChangedBack | Deleted | CheckpointsUnseen
    | StillStopping | Interrupted | Finished | Moving | WouldMove | CannotAfford | DeadlineLost | DeadlineAtRisk
    | DeadlineUnreadable | OnDemandForbidden | NoRoom | NoEstimate | MaxWaitBeforeDeadline | Probing | StoppingAsAsked
    | RateLimit | DeciderFailed | SurpriseHeld | NotMoved | TagsChanged | WaiverExpiring | CalledOff
    | PolicyRefused | TuningFlagged | CreateRefused
)  # fmt: skip
MESSAGES: dict[MessageKind, type[Message]] = {cls.kind: cls for cls in get_args(Message)}
