"""Entries: what happened. An entry is written once and never changed.

Every entry has a ``key`` that is the same however often the same thing is learned, the ``job`` it is about, its ``team`` (the
``team`` tag, or None) and ``at``: when it happened. Fields are flat: text, whole numbers, booleans, dates and enums, so that a
ledger can store them as they are. ``UnderPolicy`` says under which policy an entry was written. Entries about what people ask
for are in ``controller.ledger.user_entry``.
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
    """A job was seen for the first time; ``at`` is its CreationTime, and with the name identifies this life of the name.

    ``service`` owned it, as far as that was proved then; ``claimed`` is an owner that nothing proved. ``identity`` is the digest
    of what no attempt may change of its request, as in ``Job``. ``volume_gb`` is None in rows from before, and then ``subnets``
    say nothing either.
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
    """The service that a job claims as its owner was asked: ``owned`` says whether it made the job, or cannot prove it."""

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
    """SageMaker itself started the job again after an internal error (RetryStrategy): the same job, so no budget counts it."""

    job: str
    at: datetime
    team: str | None

    @property
    def key(self) -> str:
        return f"repeated/{self.job}/{self.at.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(UnderPolicy):
    """A job ended; ``seen_at`` is when the ledger learned it, which decides whether the outcome is too old to act on.

    ``ran_s`` are the seconds from TrainingStartTime to the end: 0 for a job that never started, None in rows from before.
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
    """What SageMaker measured of a finished job, and the on-demand price that held; savings are computed from it, never stored.

    Seconds are per instance. ``rate_micros_per_h`` is None where no price is known: seconds without dollars, never zero.
    ``first_rate_micros_per_h`` is what the lineage's first attempt's type cost then, where this is another attempt and that is
    known. ``number`` is the attempt's; ``user`` and ``algorithm`` say whose it was and what ran. ``retained_s`` are the billable
    seconds for which a warm pool kept the instances after the job. ``checkpoint`` says whether the job had a CheckpointConfig.
    ``waited_s`` is how long it waited for its starts, from its creation and from each interruption to the next training; None
    where nobody knows.
    ``repeats`` says how often SageMaker itself started the job again after an internal error.
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
    other_instances: bool = False  # whether it ran on others than the lineage's first attempt
    first_permille: int | None = None  # of its training seconds, which the first attempt's instances would need; None: unknown
    spot_possible: bool = True  # whether SageMaker would have run it on spot
    spot_rate_micros_per_h: int | None = None  # where the price list has a price of its own for spot
    waited_s: int | None = None
    tuner: str = ""  # the tuning job that started it
    repeats: int = 0

    @property
    def key(self) -> str:
        return f"measured/{self.job}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited(UnderPolicy):
    """The useful training seconds of a finished job, per instance, and their basis (``progress.Basis``).

    For a job without a model it is zero until a later attempt continues from its checkpoint. Of several entries the largest
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
    """A job of this lineage was deleted while something was still open about it."""

    job: str
    at: datetime
    team: str | None

    @property
    def key(self) -> str:
        return f"vanished/{self.job}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointScanned(UnderPolicy):
    """What lay below a job's checkpoint prefix when somebody looked; ``occasion`` is why: first, interrupted/<time>,
    repeated/<time> or ended.

    ``kept_s`` is what the job had kept of its training when it ended (``progress``): known, or the least it can have been.

    ``proven_s`` are the training seconds of this job that its newest checkpoint proves, ``at_risk_s`` those since. ``problem``
    says why nothing could be seen. ``objects`` are checkpoint files, ``others`` the logs, temporary and empty files beside them.
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
    """A lineage has ended: its last attempt ended and no other follows. ``work_s`` are the training seconds in its result."""

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
