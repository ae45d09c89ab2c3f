"""Intents: what the controller is going to do, recorded before it is done.

An intent is open until it is closed. While ``leased_until`` is set, a function may be performing it now, or may have failed
while it did. So a leased intent is never withdrawn, only performed again when the lease is over. ``claim`` counts how often it
was performed and never decreases; an answer for an older claim is ignored. ``held`` counts the claims that were no try: a halt
or a rate limit prevented them, AWS throttled them, or no answer was recorded. ``quota_refusals`` counts how often AWS answered
that the quota is used up.

``claimed_at`` is when it was first claimed, ``lease_ends_at`` when its last lease ends. What it created has a time between them.
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

    ``changes`` is a part of a CreateTrainingJob request as JSON: empty for no change; null removes a member. Only the members of
    ``Changes`` are allowed, which is checked when a row is read. ``identity`` and ``sent`` are what the attempt's description
    must show: the hash of what no attempt may change, and the rest of the request (``RequestForm`` as JSON).
    ``fallback_step`` is its step of the ladder. ``cost_micros`` is the most it may cost, None without a price. ``cap_micros`` is
    what its team may spend on attempts in a month, None for no limit. ``month`` (UTC, 2026-11) is the month against whose cap it
    counts: that of the stop that reserved for it, else that of the job's end; empty in rows of older versions.
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
        """Whether both submit the same attempt of the same job with the same request. Costs and caps are not compared."""
        return all(
            getattr(self, name) == getattr(other, name) for name in ("about", "born_at", "job", "number", "cause", *_CONTENT)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Replace the amount reserved for an attempt under a spend cap by its cost.

    ``holder`` is for what it was reserved: the key of a Submit, or ``move/<job>`` for a Stop before the next attempt.
    """

    about: str
    holder: str
    account: str  # the key of the spend cap: team and month
    amount_micros: int

    @property
    def key(self) -> str:
        return f"settle/{self.holder}/{self.amount_micros}"


class Purpose(StrEnum):
    """Why a job is stopped, which decides what follows."""

    RULE = "rule"  # no next attempt
    REPAIR = "repair"  # the same job with its repair
    MOVE = "move"  # the same job on other capacity


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop a job that breaks a rule, or that is to be moved or repaired.

    ``because`` is the reason: names of rules, a MoveReason or ``asked_by``. ``next_cause`` is why a next attempt is made, or
    None. ``changes`` (as in ``Submit``) are those of a repair, or of a person's request where rules demand a fix as well. For a
    move or a repair, ``cost_micros``, ``cap_micros`` and ``month`` are those of the next attempt, reserved before the stop.
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
    """Send a message, at least once: Slack's chat.postMessage has no idempotency key.

    ``topic`` is the kind and the details; with the job it identifies the message. ``facts`` are the message's fields as JSON.
    ``words`` is the finished text in rows from before messages had kinds. With ``once_a_day``, a channel gets one message with
    that value a day, about whichever job; the digest counts the others.
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
    """Look at the job again at ``at``. A Wake is never performed: the sweep triggers the job, and its decision replaces it."""

    about: str
    at: datetime

    @property
    def key(self) -> str:
        return f"wake/{self.about}/{self.at.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Put an event on the account's event bus, at least once. ``detail`` is JSON; the lineage in it identifies repetitions."""

    about: str
    detail_type: str
    detail: str

    @property
    def key(self) -> str:
        return f"publish/{self.about}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Test whether the pool of the job ``about`` has spot capacity: create ``job``, which trains nothing and ends by itself.

    Its request is that of ``about`` with constant changes (``PROBE``). ``pool`` is region/instance type. ``born_at``,
    ``identity`` and ``sent`` are as in ``Submit``.
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
    """Update the lineage's card in these channels; ``version`` is a hash of the state that it shows."""

    about: str
    channels: tuple[str, ...]
    version: str

    @property
    def key(self) -> str:
        return f"show/{self.about}/{self.version}"


# Values of ``Intent.why``, or how they begin:
STOP_UNDER_WAY = ("it was asked to stop", "it is stopping")  # StopTrainingJob was called; it cannot be undone
NO_QUOTA = "no quota: "  # the intent waits for the account's quota
NEVER_FITS = "never fits: "  # this account and region can never provide what was asked for; the next step follows at once
NO_PERMISSION = "no permission: "  # the intent waits until the controller's role has a permission
NAME_TAKEN = "name taken: "  # somebody else created a job of that name first
NOT_DECIDED = "not decided again: "  # the intent was tried, took no effect, and is not decided any more
NAME_SPENT = (NAME_TAKEN, NOT_DECIDED)  # the name is used up; the next Submit has another name
_CONTENT = ("changes", "identity", "sent")


Action = Submit | Settle | Stop | Announce | Wake | Publish | RefreshCard | Probe


class IntentResult(StrEnum):
    """How an intent was closed. Stored values."""

    DONE = "done"
    REFUSED = "refused"  # AWS refused it permanently
    WITHDRAWN = "withdrawn"  # it is no longer decided; it may be decided again
    ABANDONED = "abandoned"  # its job is gone, or its tries are used up


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An action, when it is due, and its state. The module's docstring explains the fields; ``why`` is the last answer."""

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
        """Whether it was begun and has no answer yet: it is being performed now, or its lease ended without an answer."""
        return self.open and self.leased_until is not None

    @property
    def tries(self) -> int:
        """How often it was tried: claims less those that were no try."""
        return self.claim - self.held

    @property
    def trigger_at(self) -> datetime:
        """When the sweep triggers its job: when it is due, or when its lease ends if that is later."""
        return max(self.due_at, self.leased_until) if self.leased_until else self.due_at

    def due(self, now: datetime) -> bool:
        """Whether it is to be performed now: it is open, due and not leased. A Wake is never performed."""
        return self.open and self.trigger_at <= now and not isinstance(self.action, Wake)

    @property
    def name_spent(self) -> bool:
        """Whether it was refused in a way that uses up its job's name (``NAME_SPENT``)."""
        return self.closed is IntentResult.REFUSED and self.why.startswith(NAME_SPENT)

    def leased(self, until: datetime, now: datetime | None = None) -> Intent:
        """The intent, claimed by a function from ``now`` on and leased until ``until``. An earlier claim without an answer was no
        try.
        """
        return replace(
            self, leased_until=until, claim=self.claim + 1, held=self.held + self.unanswered,
            claimed_at=self.claimed_at or now, lease_ends_at=until,
        )  # fmt: skip
