"""What the shell needs of the world. Expected answers are values; surprises are exceptions.

An exception leaves its intent leased: nobody can tell whether the call took effect, so it is performed again once the lease is
over. ``Later`` says that it certainly did not take effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from controller.decide.decision import Decision
from controller.decide.ownership import OwnerAnswer
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.claim import Claim
from controller.jobs.job import Job
from controller.ledger.entry import Entry, Waived
from controller.ledger.halt import Halt
from controller.ledger.intent import Intent, IntentResult, Probe, Publish, Submit
from controller.ledger.lineage import Lineage, LineageId
from controller.ledger.pool import MarketSignal, PoolMemory
from controller.policy.policy import Policy
from controller.runtime.answers import Answer, Done, Later, Refused, Unreachable
from controller.runtime.outbox import Chat, Message, Outbox, Post
from controller.savings.report import Report
from controller.savings.rollup import Rollup
from controller.units.money import Rate

__all__ = [
    "Answer",
    "Chat",
    "Checkpoints",
    "Clock",
    "Done",
    "Events",
    "Instances",
    "Jobs",
    "LateDay",
    "Later",
    "Ledger",
    "Message",
    "Outbox",
    "Overdue",
    "Policies",
    "Ports",
    "Post",
    "Prices",
    "Refused",
    "ReportStore",
    "Trigger",
    "Unreachable",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A doorbell: look at this job. ``lineage`` is known where the ledger itself rings.

    ``created_in`` is the lineage for which SageMaker just answered our own CreateTrainingJob of this job: that is proof.
    """

    job: str
    lineage: LineageId | None = None
    created_in: LineageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """An open intent whose time has come, as an index shows it: perhaps stale, so it only rings."""

    ring: Trigger
    key: str
    trigger_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LateDay:
    """A mark that a lineage added to a day when it was over; ``version`` is that of the commit."""

    day: date
    lineage: str
    version: int


class Jobs(Protocol):
    """SageMaker's training jobs."""

    def describe(self, name: str) -> Job | None:
        """The job as it is now, with its tags; None when SageMaker knows no such job. Raises Unreachable."""

    def submit(self, submit: Submit, lineage: LineageId) -> Answer:
        """Create ``submit.job`` from the request ``submit.about`` had: Done only when this call created it.

        Later where the name is taken: whose job that is, the caller finds out.
        """

    def probe(self, probe: Probe, lineage: LineageId) -> Answer:
        """Create a job that asks for spot capacity and trains nothing; a taken name is Done."""

    def stop(self, name: str) -> Answer:
        """Done when the job is terminal or gone; Later while it is stopping, uploading or just asked to stop."""

    def made_by_pipeline(self, job: Job, execution: str) -> OwnerAnswer:
        """Whether a step of a pipeline execution (its ARN) made the job; what does not answer is SILENT, and raises nothing."""

    def modified(self, since: datetime, until: datetime) -> Iterable[str]:
        """The names of all jobs last modified within ``since`` … ``until``. Raises Unreachable."""


class Ledger(Protocol):
    """The only memory. Reads are consistent; every write is conditional. All raise Unreachable."""

    def load(self, lineage: LineageId) -> Lineage:
        """The lineage, or an empty one of version 0. The head is read before the rest: a torn read loses its commit."""

    def submitter(self, account: str, region: str, job: str) -> LineageId | None:
        """The lineage that meant to create a job of that name, as an attempt or a probe; None where none ever did."""

    def commit(self, lineage: Lineage, decision: Decision) -> bool:
        """Write all of the decision or nothing; False when anything moved since ``lineage`` was loaded.

        The version must be the one loaded; entries must be absent; intents absent or withdrawn, or submissions that nobody tried;
        each job that is to be created is found by its name from then on (``submitter``). What is withdrawn must be open
        and never leased since, what is abandoned open and of the claim loaded. A withdrawn Wake is deleted: its key holds a
        time that has passed.
        """

    def take(self, lineage: LineageId, intent: Intent, *, now: datetime, leased_until: datetime) -> Intent | None:
        """Claim an open intent that is due, and whose lease, if any, is over; None when somebody else was faster.

        What is stored decides, not what was loaded: somebody may have put it off since.
        """

    def put_off(self, lineage: LineageId, intent: Intent, *, due_at: datetime, why: str, held: bool = False) -> bool:
        """End the lease of this claim and leave the intent open, due at ``due_at``; False when the claim is not ours any more.

        ``held`` counts the claim as a hold: nothing was tried.
        """

    def close(self, lineage: LineageId, intent: Intent, closed: IntentResult, why: str) -> bool:
        """Close the intent; False when the claim is not ours any more."""

    def overdue(self, now: datetime, limit: int) -> list[Overdue]:
        """Open intents with ``trigger_at`` up to ``now``, oldest first."""

    def delay(self, overdue: Overdue, trigger_at: datetime) -> None:
        """Let the sweep ring for this intent no sooner than ``trigger_at``; nothing else about the intent changes."""

    def halt(self) -> Halt | None:
        """The halt that is called now."""

    def set_halt(self, halt: Halt | None) -> None:
        """Call a halt, or resume."""

    def spend(self, what: str, who: str, amount: int, limit: int, now: datetime) -> bool:
        """Take from a limit that spans lineages; False where it has no room. Who took once takes nothing again."""

    def claim(self, claim: Claim) -> tuple[Claim, ...]:
        """Hold a checkpoint prefix for a job that is about to be created, or say whose claims of other lineages overlap it.

        Of two that claim overlapping prefixes at once, one at most is given it.
        """

    def release(self, claim: Claim) -> None:
        """Give a claim back; nothing happens where there is none."""

    def claims(self, bucket: str) -> tuple[Claim, ...]:
        """All claims held in a bucket."""

    def entries(self, since: datetime, until: datetime) -> Iterable[Entry]:
        """All entries with ``since`` <= ``at`` < ``until``, of all lineages, in no particular order."""

    def history(self, account: str, region: str, family: str, limit: int) -> tuple[int, ...]:
        """The training seconds that the family's completed lineages took, newest first; an index, so perhaps stale."""

    def late(self) -> Iterable[LateDay]:
        """The days to which something was added after they were over; perhaps one mark for each lineage that did."""

    def put_rollup(self, day: date, rollup: Rollup, *, settles: Iterable[LateDay] = ()) -> None:
        """Write what a closed day comes to, in place of what was folded before, and take away the marks that it settles.

        A mark that was made again meanwhile stays.
        """

    def rollups(self, since: date, until: date) -> Iterable[tuple[date, Rollup]]:
        """The rollups of closed days, oldest first."""

    def note_rates(self, region: str, rates: Mapping[str, Rate]) -> None:
        """Write down what instance types cost in a region as of a day."""

    def rates(self, region: str) -> Mapping[str, tuple[Rate, ...]]:
        """What instance types cost in a region, oldest first, as far as it was ever written down."""

    def remember(self, day: date, memories: Iterable[PoolMemory]) -> None:
        """Write down what a closed day taught of each pool; a day that is folded again says the same again."""

    def memory(self, instance_type: str, region: str, since: datetime) -> PoolMemory:
        """What is remembered of a pool since a day; empty where nothing is."""

    def waivers(self, now: datetime) -> Iterable[Waived]:
        """The waivers in force, of all lineages; an index, so perhaps a moment stale."""

    def cursor(self, name: str) -> datetime | None:
        """How far a repeating pass has come."""

    def move_cursor(self, name: str, at: datetime) -> None:
        """Remember how far a repeating pass has come; a cursor never goes back."""

    def capacity_seen_at(self, region: str, instance_type: str) -> datetime | None:
        """The last time that a pool showed spot capacity, as commits recorded it; None where it did not within a day."""

    def placement_asked_at(self, region: str, instance_type: str) -> datetime | None:
        """The last time that EC2 was asked for the pool's placement score; None where it was not within a day."""

    def in_force_at(self, revision: str, now: datetime) -> datetime:
        """When a policy revision was first seen here: ``now``, if never before."""

    def once(self, what: str, now: datetime) -> bool:
        """Whether this is the first time that anybody asks; remembered for an hour."""

    def note_signal(self, signal: MarketSignal) -> bool:
        """Write down a market signal; False when it was known."""

    def signals(self, since: datetime, until: datetime) -> Iterable[MarketSignal]:
        """Market signals with ``since`` <= ``at`` < ``until``."""


class Checkpoints(Protocol):
    """What lies below a checkpoint prefix."""

    def scan(self, uri: str, *, now: datetime) -> CheckpointScan:
        """Look, with at most two requests; what S3 refuses to show is the scan's ``problem``. Raises Unreachable."""


class Events(Protocol):
    """The account's event bus."""

    def publish(self, publish: Publish, at: datetime) -> Answer:
        """Put one event; Later when the bus did not take it."""


class Quotas(Protocol):
    def on_demand(self, instance_type: str, now: datetime) -> int | None:
        """How many instances of a type may train on demand at once, in this account and region; None where nobody says."""


class Placement(Protocol):
    def score(self, instance_type: str, count: int, region: str) -> int | None:
        """How likely EC2 holds a spot request to be filled now, from 1 to 10; None where it does not say."""


class ReportStore(Protocol):
    """Where reports for people without Slack lie."""

    def publish(self, report: Report) -> str:
        """Write a report's page and say where it can be read; nothing where no place is set up. Raises Unreachable."""


class Instances(Protocol):
    def family_of(self, instance_id: str) -> str | None:
        """The instance family (``g5``) of an EC2 instance; None when it is gone. Raises Unreachable."""


class Policies(Protocol):
    def current(self) -> Policy:
        """The policy in force."""


class Prices(Protocol):
    def rate(self, instance_type: str, region: str, at: datetime, since: datetime | None = None) -> Rate | None:
        """The on-demand rate that held then, or from ``since`` to then; None where none is known. Raises Unreachable."""


class PriceRows(Protocol):
    """What AWS's list says of a region; ``problems`` are rows that nobody could read."""

    @property
    def rates(self) -> Mapping[str, Rate]: ...

    @property
    def problems(self) -> tuple[str, ...]: ...


class PriceList(Protocol):
    def training(self, region: str) -> PriceRows:
        """AWS's training prices of a region, by instance type. Raises Unreachable."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, aware, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    jobs: Jobs
    checkpoints: Checkpoints
    ledger: Ledger
    outbox: Outbox
    chat: Chat
    events: Events
    report_store: ReportStore
    quotas: Quotas
    placement: Placement
    price_list: PriceList
    instances: Instances
    policies: Policies
    prices: Prices
    clock: Clock
