"""Entries: what happened. An entry is written once and never changed.

Every entry has a ``key``, which is the same each time the same thing is seen, and the name of a ``job``. ``team`` is the job's
``team`` tag or None, ``at`` is when it happened. Fields are text, whole numbers, booleans, times and enums, so that a ledger can
store them as they are. ``UnderPolicy`` adds the policy under which an entry was written. Entries about rules are in
``controller.ledger.rule_entry``, those about what people ask for in ``controller.ledger.user_entry``.
"""

from __future__ import annotations

from datetime import date, datetime

from controller.jobs.job import Outcome, Service
from controller.ledger.rule_entry import Flagged, RuleHeldBack
from controller.ledger.under_policy import UnderPolicy
from controller.ledger.user_entry import DirectivesRead, UserRequested, Waived
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(UnderPolicy):
    """A job was first seen. ``at`` is its CreationTime: a name can be used again, and then the time differs.

    ``service`` is the owner that was proved then, ``claimed`` an owner without proof. ``identity`` is a hash of what no attempt
    may change in its request, as in ``Job``. ``volume_gb`` is None in rows of older versions; then ``subnets`` are not known
    either.
    """

    job: str
    at: datetime
    team: str | None
    number: int
    spot: bool
    instance_type: str
    instance_count: int
    region: str
    service: Service | None
    checkpoint_uri: str | None
    runtime_s_max: int | None = None
    wait_s_max: int | None = None
    user: str | None = None
    claimed: Service | None = None
    role: str = ""
    identity: str = ""
    volume_gb: int | None = None
    subnets: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"started/{self.job}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerChecked(UnderPolicy):
    """The service that a job claims as its owner was asked; ``owned`` is False if it did not create the job or never answered."""

    job: str
    at: datetime
    team: str | None
    service: Service
    owned: bool

    @property
    def key(self) -> str:
        return f"owner-checked/{self.job}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted(UnderPolicy):
    """Spot capacity was taken away. SageMaker itself restarts the job, so this is only recorded."""

    job: str
    at: datetime
    team: str | None
    instance_type: str
    region: str

    @property
    def key(self) -> str:
        return f"interrupted/{self.job}/{self.at.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated(UnderPolicy):
    """SageMaker itself restarted the job after an internal error (RetryStrategy). It is the same job, so no budget counts it."""

    job: str
    at: datetime
    team: str | None

    @property
    def key(self) -> str:
        return f"repeated/{self.job}/{self.at.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(UnderPolicy):
    """A job ended. ``seen_at`` is when that was first seen; it decides whether the outcome is too old to act on.

    ``failure`` is the FailureReason. ``ran_s`` are the seconds from TrainingStartTime to the end: 0 for a job that never started,
    None in rows of older versions.
    """

    job: str
    at: datetime
    team: str | None
    outcome: Outcome
    seen_at: datetime
    failure: str | None
    spot: bool
    instance_type: str
    region: str
    ran_s: int | None = None

    @property
    def key(self) -> str:
        return f"ended/{self.job}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(UnderPolicy):
    """The usage of a finished job as SageMaker shows it, and the on-demand price at that time. Savings are computed from it.

    Seconds are per instance; rates are millionths of a dollar per instance and hour, and None where no price is known.
    ``training_s`` and ``billable_s`` are TrainingTimeInSeconds and BillableTimeInSeconds. ``rate_as_of`` and ``rate_source`` say
    since when the price is known, and from where. ``number`` is the attempt's number. ``first_rate_micros_per_h`` is the rate of
    the first attempt's instance type, for later attempts. ``retained_s`` are the billable seconds for which a warm pool kept the
    instances after the job. ``checkpoint``: the job had a CheckpointConfig. ``waited_s`` are the seconds that it waited for its
    starts, from its creation and from each interruption; None where not known. ``repeats`` is how often SageMaker restarted it
    after an internal error.
    """

    job: str
    at: datetime
    team: str | None
    training_s: int
    billable_s: int
    spot: bool
    instance_type: str
    instance_count: int
    region: str
    rate_micros_per_h: int | None
    rate_as_of: date | None
    rate_source: str | None
    number: int = 1
    first_rate_micros_per_h: int | None = None
    user: str | None = None
    algorithm: str = "unknown"
    retained_s: int = 0
    interruptions: int = 0
    checkpoint: bool = True
    other_instances: bool = False  # another instance type or count than the lineage's first attempt
    first_permille: int | None = None  # training seconds on the first attempt's instances, per 1,000 seconds here; None: unknown
    spot_possible: bool = True  # SageMaker could have run it on spot
    spot_rate_micros_per_h: int | None = None  # the price of spot training, where the price list has one
    waited_s: int | None = None
    tuner: str = ""  # the name of the tuning job that started it
    repeats: int = 0

    @property
    def key(self) -> str:
        return f"measured/{self.job}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited(UnderPolicy):
    """The useful training seconds of a finished job, per instance, and their basis (``controller.savings.progress.UsefulBasis``).

    For a job without a model they are 0 until a later attempt continues from its checkpoint. Of several entries the largest
    counts.
    """

    job: str
    at: datetime
    team: str | None
    useful_s: int
    basis: str

    @property
    def key(self) -> str:
        uncertain = "/bound" if self.useful_s == 0 and self.basis == "bound" else ""
        return f"credited/{self.job}/{self.useful_s}{uncertain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmeasured(UnderPolicy):
    """SageMaker did not show a finished job's usage within a day. A later Measured replaces it."""

    job: str
    at: datetime
    team: str | None
    spot: bool

    @property
    def key(self) -> str:
        return f"unmeasured/{self.job}"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDeleted(UnderPolicy):
    """A job of this lineage was deleted while intents about it were still open."""

    job: str
    at: datetime
    team: str | None

    @property
    def key(self) -> str:
        return f"vanished/{self.job}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointScanned(UnderPolicy):
    """What lay below a job's checkpoint prefix when it was scanned. ``occasion`` is why: first, interrupted/<time>,
    repeated/<time> or ended.

    ``proven_s`` are the training seconds of this job that its newest checkpoint proves, ``at_risk_s`` those since then.
    ``kept_s``, in the scan at the end, are the training seconds that were saved: ``exact``, or else at least so many.
    ``objects`` counts checkpoint files, ``others`` logs, temporary and empty files. ``complete`` is False if not all objects were
    listed. ``problem`` is why the prefix could not be scanned.
    """

    job: str
    at: datetime
    team: str | None
    occasion: str
    uri: str
    objects: int
    bytes_seen: int
    newest_at: datetime | None
    complete: bool
    proven_s: int
    at_risk_s: int
    problem: str | None
    kept_s: int | None = None
    exact: bool = True
    others: int = 0

    @property
    def key(self) -> str:
        return f"sighted/{self.job}/{self.occasion}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(UnderPolicy):
    """A lineage has ended: its last attempt ended and no other follows. ``work_s`` are the training seconds in its model.

    ``family`` names the jobs whose training times are comparable. ``work_s`` is None without a model.
    """

    job: str
    at: datetime
    team: str | None
    family: str
    outcome: Outcome
    attempts: int
    spot: bool
    instance_type: str
    region: str
    work_s: int | None
    deadline: datetime | None

    @property
    def key(self) -> str:
        return f"finished/{self.job}"


Entry = (
    Started | OwnerChecked | Interrupted | Ended | Measured | Credited | Unmeasured | Flagged | JobDeleted | CheckpointScanned
    | Finished | UserRequested | Waived | DirectivesRead | RuleHeldBack | Repeated
)  # fmt: skip

__all__ = [
    "CheckpointScanned", "Credited", "DirectivesRead", "Ended", "Entry", "Finished", "Flagged", "Interrupted", "JobDeleted",
    "Measured", "OwnerChecked", "Repeated", "RuleHeldBack", "Started", "Unmeasured", "UserRequested", "Waived",
]  # fmt: skip
