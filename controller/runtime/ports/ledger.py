"""The ports of the ledger: each has what one user needs, and is small enough to fake.

Reads are consistent unless the port says otherwise. All raise Unreachable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from controller.decide.decision import Decision
from controller.jobs.claim import Claim
from controller.jobs.quota_hold import QuotaHold
from controller.ledger.entry import Entry, UserRequested, Waived
from controller.ledger.halt import Halt
from controller.ledger.intent import Intent, IntentResult
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.ledger.pool import PhaseTimes
from controller.runtime.ports.lookups import RuleActsPort, Works
from controller.runtime.ports.lookups import Waivers as Waivers
from controller.runtime.ports.policy import Revisions
from controller.runtime.ports.schedule import (
    BlockSupport,
    Days,
    Digests,
    DiscoverPasses,
    MarketSignals,
    PoolMemories,
    StoredPrices,
)
from controller.runtime.read_events import Trigger
from controller.savings.job_history import FamilyRun
from controller.units.value import dataclass


class ReadLineages(Protocol):
    """Reads lineages."""

    def load(self, lineage: LineageId) -> Lineage:
        """The lineage, or an empty one of version 0. The head is read first: if others write after it, the next commit fails."""

    def submitter(self, account: str, region: str, job: str) -> LineageId | None:
        """The lineage that decided to create a job of that name, as an attempt or a probe; None where none did."""


class Lineages(ReadLineages, Protocol):
    """Reads and writes lineages; every write is conditional."""

    def commit(self, lineage: Lineage, decision: Decision) -> bool:
        """Write all of the decision or nothing; False when anything changed since ``lineage`` was loaded.

        The version must be the one loaded, and entries must be absent. Intents must be absent or withdrawn. An open Submit or
        Stop may also be replaced, if it is not leased and its claim number is the one loaded. From then on, ``submitter`` finds
        each job that is to be created by its name. Withdrawn and abandoned intents must be open and of the claim number loaded,
        and withdrawn ones not leased. A withdrawn Wake is deleted: its key contains its time, and is not used again.
        """

    def take(self, lineage: LineageId, intent: Intent, *, now: datetime, leased_until: datetime) -> Intent | None:
        """Claim an open intent that is due and not leased; None when another function claimed it first.

        The stored row decides, not the loaded one: the intent may have been put off since.
        """

    def put_off(
        self, lineage: LineageId, intent: Intent, *, due_at: datetime, why: str, held: bool = False, no_quota: bool = False
    ) -> bool:
        """End the lease of this claim and leave the intent open, due at ``due_at``; False when the claim is no longer valid.

        ``held`` counts the claim as a hold: nothing was tried. ``no_quota`` counts a refusal for lack of quota.
        """

    def close(self, lineage: LineageId, intent: Intent, closed: IntentResult, why: str) -> bool:
        """Close the intent; False when the claim is no longer valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """An open intent that is due, as an index shows it. The index may be stale, so it is only a reason to look."""

    trigger: Trigger
    key: str
    trigger_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingTrigger:
    """A trigger of the sweep that fails. Its intent has been due since ``since``; delays do not change that.

    ``trigger_at`` is the time of the next try, ``problem`` the last failure.
    """

    job: str
    lineage: str
    key: str
    since: datetime
    trigger_at: datetime
    problem: str = ""


class DueIntents(Protocol):
    """Open intents by their time. It reads an index, which may be stale."""

    def overdue(self, now: datetime, limit: int) -> list[Overdue]:
        """Open intents with ``trigger_at`` up to ``now``, oldest first."""

    def delay(self, overdue: Overdue, trigger_at: datetime) -> None:
        """Let the sweep trigger this intent no sooner than ``trigger_at``. Nothing else about the intent changes."""

    def note_failing(self, overdue: Overdue, trigger_at: datetime, problem: str) -> None:
        """Store that a trigger fails and is tried again at ``trigger_at``. Its first due time is kept."""

    def failing(self) -> Iterable[FailingTrigger]:
        """The triggers that fail, in no particular order."""

    def forget_failing(self, failing: FailingTrigger) -> None:
        """Remove a trigger that no longer fails; nothing happens where it is unknown, or failed again meanwhile."""


class ReadClaims(Protocol):
    """Reads claims on checkpoint prefixes."""

    def claims_on(self, bucket: str) -> tuple[Claim, ...]:
        """All claims held in a bucket."""


class Claims(ReadClaims, Protocol):
    """Claims on checkpoint prefixes. Those of a live job are committed with its lineage."""

    def claim(self, claim: Claim, *, new: bool = False) -> tuple[Claim, ...]:
        """Claim a checkpoint prefix for a job that is about to be created, or return the claims that it must wait for.

        If two jobs claim one prefix under one role at once, at most one gets it. A ``new`` prefix, chosen by a repair, is claimed
        only where no job of another lineage writes, under any role.
        """

    def release(self, claim: Claim) -> None:
        """Release a claim; nothing happens where there is none."""


class QuotaHolds(Protocol):
    """Holds on on-demand quotas. Only commits write them."""

    def holds_on(self, region: str, instance_type: str) -> tuple[QuotaHold, ...]:
        """The holds of live jobs on an on-demand quota."""


class Capacity(Protocol):
    """Signs of spot capacity. Only commits write them."""

    def capacity_seen_at(self, region: str, instance_type: str) -> datetime | None:
        """The last time that a pool showed spot capacity; None where it did not within a day."""

    def phase_times(self, region: str, instance_type: str) -> tuple[PhaseTimes, ...]:
        """How long some recent jobs of an instance type took to start, to restore and to upload; at most 20."""

    def placement_asked_at(self, region: str, instance_type: str) -> datetime | None:
        """The last time that EC2 was asked for the pool's placement score; None where it was not within a day."""


class Journal(Protocol):
    """Entries of all lineages by time. It reads an index, which may be stale."""

    def entries(self, since: datetime, until: datetime) -> Iterable[Entry]:
        """All entries with ``since`` <= ``at`` < ``until``, of all lineages, in no particular order."""


class Histories(Protocol):
    """How long jobs of a family took."""

    def history(self, account: str, region: str, family: str, limit: int) -> tuple[int, ...]:
        """The training seconds of the family's completed lineages, newest first; read from an index, so perhaps stale."""

    def runs(self, account: str, region: str, family: str, limit: int) -> tuple[FamilyRun, ...]:
        """Those of the same lineages that had one attempt, with their instance types."""


class Halts(Protocol):
    """The halt."""

    def halt(self) -> Halt | None:
        """The halt that is in force."""

    def call_halt(self, halt: Halt) -> Halt:
        """Start a halt in one write, unless one is in force. Returns the halt in force."""

    def set_halt(self, halt: Halt | None, *, in_place_of: Halt | None = None) -> bool:
        """Start a halt in place of any other, or resume. With ``in_place_of``, only if that one is in force; False otherwise."""


class ReadLimits(Protocol):
    """Reads limits."""

    def taken(self, what: str) -> int:
        """How much of a limit is taken."""


class Limits(ReadLimits, Protocol):
    """Limits over all lineages."""

    def spend(self, what: str, who: str, amount: int, limit: int | None, now: datetime, in_place_of: Sequence[str] = ()) -> bool:
        """Let ``who`` hold ``amount`` of the limit ``what``, in one conditional write; False where it has no room.

        A ``limit`` of None always has room. Called again, it takes only what ``who`` does not hold yet. What the holders
        ``in_place_of`` hold is returned in the same write; an amount up to that needs no room.
        """

    def settle(self, what: str, who: str, amount: int, now: datetime) -> None:
        """Let ``who`` hold exactly this amount, whether it held more or less; nothing happens where it holds that already."""


class SeenRequests(Protocol):
    """Signed requests that were answered."""

    def once(self, what: str, now: datetime) -> bool:
        """Whether this is the first such request; remembered for an hour."""


class UserRequests(Protocol):
    """What people asked for in Slack, until it is recorded in the lineage: the function for Slack may not write lineages."""

    def add(self, lineage: LineageId, request: UserRequested | Waived, now: datetime) -> bool:
        """Let a request wait, due now; False where the same one waits already."""

    def waiting(self, lineage: LineageId) -> tuple[UserRequested | Waived, ...]:
        """The requests that wait. Other functions can write these rows: check a request before it is used."""

    def remove(self, lineage: LineageId, seen: Iterable[UserRequested | Waived]) -> None:
        """Remove requests that were answered, and rows that cannot be read."""


class Ledger(Protocol):
    """The only storage, as one port for each user."""

    @property
    def lineages(self) -> Lineages: ...

    @property
    def due(self) -> DueIntents: ...

    @property
    def claims(self) -> Claims: ...

    @property
    def quota_holds(self) -> QuotaHolds: ...

    @property
    def works(self) -> Works: ...

    @property
    def capacity(self) -> Capacity: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def histories(self) -> Histories: ...

    @property
    def waivers(self) -> Waivers: ...

    @property
    def days(self) -> Days: ...

    @property
    def pools(self) -> PoolMemories: ...

    @property
    def prices(self) -> StoredPrices: ...

    @property
    def market_signals(self) -> MarketSignals: ...

    @property
    def halts(self) -> Halts: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def passes(self) -> DiscoverPasses: ...

    @property
    def digests(self) -> Digests: ...

    @property
    def block_support(self) -> BlockSupport: ...

    @property
    def revisions(self) -> Revisions: ...

    @property
    def rule_acts(self) -> RuleActsPort: ...

    @property
    def seen_requests(self) -> SeenRequests: ...

    @property
    def user_requests(self) -> UserRequests: ...
