"""What we mean to do: imperative, recorded before it is done.

An intent is open until it is closed. While ``leased_until`` is set, somebody may be performing it right now, or died
doing so: nobody can tell, so it is never withdrawn, only performed again once the lease is over. ``claim`` counts the
performances and never goes back: whoever answers for an older claim is not heard. ``held`` counts those of them that were no
try: a halt or a rate limit prevented them, AWS throttled them, or nobody heard an answer. ``quota_refusals`` counts the answers
that the account had no quota.

``claimed_at`` is when it was first claimed and ``lease_ends_at`` when the last lease ends: what it created was created between.
"""

from __future__ import annotations

from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum

from controller.ledger.messages.kind import MessageKind
from controller.ledger.move_cause import AttemptCause
from controller.ledger.under_policy import UnderPolicy
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """Submit attempt ``number`` as the job named ``job``: the request of ``about`` (created at ``born_at``) with some changes.

    ``changes`` is a fragment of a CreateTrainingJob request as JSON: empty for no change, and null removes a member. What it may
    say is the closed list of ``Changes``, to which each row is held when it is read. ``identity`` and ``sent`` say what a
    description of the attempt shows: the hash of what no attempt may change, and the rest as ``RequestForm`` has it.
    ``fallback_step`` is the step of the ladder that the attempt stands on. ``cost_micros`` is the most it may cost, None where no
    price is known. ``cap_micros`` is what its team may spend on our attempts in a month, None for no limit; ``month`` is the
    month (UTC) that it counts for, that of its predecessor's end or of the stop that reserved for it; empty in rows from before.
    """

    about: str
    job: str
    number: int
    cause: AttemptCause
    born_at: datetime | None = None
    changes: str = ""
    fallback_step: int = 0
    cost_micros: int | None = None
    cap_micros: int | None = None
    month: str = ""
    identity: str = ""
    sent: str = ""

    @property
    def key(self) -> str:
        return f"submit/{self.job}"

    def same_request(self, other: Submit) -> bool:
        """Whether both submit one job, from one life of one job, with one content; what it may cost is another matter."""
        return all(
            getattr(self, name) == getattr(other, name) for name in ("about", "born_at", "job", "number", "cause", *_CONTENT)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Count an attempt with what it cost, in place of what was reserved for it.

    ``holder`` says for what it was reserved: the key of its Submit, or that of the move which it was to follow.
    """

    about: str
    holder: str
    account: str  # the spend cap that it was reserved from
    amount_micros: int

    @property
    def key(self) -> str:
        return f"settle/{self.holder}/{self.amount_micros}"


class Purpose(StrEnum):
    """Why a job is stopped, which decides what follows its outcome."""

    RULE = "rule"  # no next attempt
    REPAIR = "repair"  # the same job, with its repair
    MOVE = "move"  # the same job, with other capacity


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop a job that breaks a rule, or that is to be moved or repaired.

    ``next_cause`` is why its next attempt is made, None where none is; ``changes`` are those of a repair, or of what a person
    asked for where rules demand more than that, as in ``Submit``.
    Of a move or a repair, ``cost_micros``, ``cap_micros`` and ``month`` are those of its next attempt, reserved before the stop.
    """

    about: str
    because: str
    purpose: Purpose = Purpose.RULE
    next_cause: AttemptCause | None = None
    changes: str = ""
    cost_micros: int | None = None
    cap_micros: int | None = None
    month: str = ""

    @property
    def key(self) -> str:
        return f"stop/{self.about}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce(UnderPolicy):
    """Tell people. At least once: Slack offers no idempotency key.

    ``facts`` are those of the message as JSON. ``words`` is the finished text of rows written before messages had kinds.
    ``once_a_day`` names what a channel hears of once a day, whatever the job: the others are counted in the digest.
    """

    about: str
    topic: str
    channel: str
    kind: MessageKind | None = None
    facts: str = ""
    words: tuple[str, ...] = ()
    once_a_day: str = ""

    @property
    def key(self) -> str:
        return f"announce/{self.topic}/{self.about}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """Describe the job again at ``at``. A Wake is never performed: the trigger that finds it overdue replaces it."""

    about: str
    at: datetime

    @property
    def key(self) -> str:
        return f"wake/{self.about}/{self.at.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Put an event on the account's bus; ``detail`` is its JSON. At least once: listeners recognise repetitions by the lineage in
    it.
    """

    about: str
    detail_type: str
    detail: str

    @property
    def key(self) -> str:
        return f"publish/{self.about}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Ask the pool of ``about`` for spot capacity: a job under the name ``job`` that trains nothing, and ends by itself.

    Its change of the request is one constant (``PROBE``). ``born_at``, ``identity`` and ``sent`` are as in ``Submit``.
    """

    about: str
    job: str
    pool: str
    born_at: datetime | None = None
    identity: str = ""
    sent: str = ""

    @property
    def key(self) -> str:
        return f"probe/{self.job}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshCard:
    """Update the lineage's card in these channels; ``version`` names the state that it shows."""

    about: str
    channels: tuple[str, ...]
    version: str

    @property
    def key(self) -> str:
        return f"show/{self.about}/{self.version}"


STOP_UNDER_WAY = ("it was asked to stop", "it is stopping")  # why a Stop waits after StopTrainingJob, which cannot be undone
NO_QUOTA = "no quota: "  # the start of the reason of an intent that waits for the account's quota
NEVER_FITS = "never fits: "  # … that asked for what this account and region never have; another step follows at once
NO_PERMISSION = "no permission: "  # … that waits for our role to be allowed what it asks for
NAME_TAKEN = "name taken: "  # … whose job somebody else created first
NOT_DECIDED = "not decided again: "  # … that was tried, took no effect, and is not what is decided now
NAME_SPENT = (NAME_TAKEN, NOT_DECIDED)  # the lineage goes on under another name
_CONTENT = ("changes", "identity", "sent")


Action = Submit | Settle | Stop | Announce | Wake | Publish | RefreshCard | Probe


class IntentResult(StrEnum):
    DONE = "done"
    REFUSED = "refused"  # AWS refused it permanently
    WITHDRAWN = "withdrawn"  # it is no longer decided; it may be decided again
    ABANDONED = "abandoned"  # its job is gone, or its tries are used up


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    action: Action
    due_at: datetime
    leased_until: datetime | None = None
    claim: int = 0
    held: int = 0
    quota_refusals: int = 0
    closed: IntentResult | None = None
    why: str = ""
    claimed_at: datetime | None = field(default=None, compare=False)
    lease_ends_at: datetime | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        return self.action.key

    @property
    def open(self) -> bool:
        return self.closed is None

    @property
    def unanswered(self) -> bool:
        """Whether the last performance was begun and got no answer; it ran out of its lease, or is under way."""
        return self.open and self.leased_until is not None

    @property
    def tries(self) -> int:
        """How often it was performed and answered, or is being performed."""
        return self.claim - self.held

    @property
    def trigger_at(self) -> datetime:
        """When the sweep triggers its job."""
        return max(self.due_at, self.leased_until) if self.leased_until else self.due_at

    def due(self, now: datetime) -> bool:
        """Whether it is to be performed: open, its time has come, and it is not leased. A Wake is never performed."""
        return self.open and self.trigger_at <= now and not isinstance(self.action, Wake)

    @property
    def name_spent(self) -> bool:
        """Whether the name of its job was used up without an attempt."""
        return self.closed is IntentResult.REFUSED and self.why.startswith(NAME_SPENT)

    def leased(self, until: datetime, now: datetime | None = None) -> Intent:
        """The intent in the hands of whoever performs it next, from ``now`` on. What was not answered before was no try."""
        return replace(
            self, leased_until=until, claim=self.claim + 1, held=self.held + self.unanswered,
            claimed_at=self.claimed_at or now, lease_ends_at=until,
        )  # fmt: skip
