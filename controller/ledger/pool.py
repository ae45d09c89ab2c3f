"""A pool of spot capacity (an instance type in a region), and what is known about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from controller.units.value import dataclass

CAPACITY_SIGNAL_AGE = timedelta(hours=1)  # an older signal does not count: the capacity may be gone


class MarketSignalKind(StrEnum):
    """EC2's two kinds of warnings about a spot instance."""

    INTERRUPTION = "interruption"
    REBALANCE = "rebalance"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSignal:
    """An EC2 spot event of this account: a sign of the spot market, never about one training job.

    The event names an EC2 instance, and DescribeTrainingJob names none, so the two cannot be joined. ``family`` is the instance
    family, such as g5; None if the instance was gone before it could be described.
    """

    kind: MarketSignalKind
    instance_id: str
    family: str | None
    region: str
    at: datetime

    @property
    def pool(self) -> str:
        return f"{self.region}/{self.family or '*'}"

    @property
    def key(self) -> str:
        """The same for every copy of an event that EventBridge delivers: one signal per instance, kind and day."""
        return f"{self.kind}/{self.instance_id}/{self.at:%Y-%m-%d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySeen:
    """A sign that a pool had spot capacity at ``at``. ``job`` is the job that showed it, or for which EC2 was asked."""

    region: str
    instance_type: str
    job: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementAsked:
    """EC2 was asked for the spot placement score of a pool; ``score`` is from 1 to 10, None if EC2 gave none."""

    region: str
    instance_type: str
    job: str
    at: datetime
    score: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTimes:
    """How many seconds the phases of one job took that a move waits for; None for a phase that the job did not have.

    ``start_s`` is the time from its creation until it has instances; None on spot, where that is the wait for capacity.
    ``restore_s`` is the download of a job with a checkpoint prefix, ``upload_s`` the upload at its end.
    """

    region: str
    instance_type: str
    job: str
    at: datetime
    start_s: int | None = None
    restore_s: int | None = None
    upload_s: int | None = None


CapacitySignal = CapacitySeen | PlacementAsked


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolMemory:
    """The statistics of a pool, as sums over days.

    ``exposure_s`` are the seconds that spot jobs trained there, ``interruptions`` how often they were interrupted, ``warnings``
    how often EC2 warned. ``waited_s`` are the seconds that jobs waited for ``starts`` starts. ``billed_s`` are the billable
    seconds of ``billed_of_s`` training seconds. The last four are 0 for days before they were recorded.
    """

    instance_type: str
    region: str
    exposure_s: int = 0
    interruptions: int = 0
    warnings: int = 0
    starts: int = 0
    waited_s: int = 0
    billed_s: int = 0
    billed_of_s: int = 0

    def __add__(self, other: PoolMemory) -> PoolMemory:
        return PoolMemory(
            instance_type=self.instance_type,
            region=self.region,
            exposure_s=self.exposure_s + other.exposure_s,
            interruptions=self.interruptions + other.interruptions,
            warnings=self.warnings + other.warnings,
            starts=self.starts + other.starts,
            waited_s=self.waited_s + other.waited_s,
            billed_s=self.billed_s + other.billed_s,
            billed_of_s=self.billed_of_s + other.billed_of_s,
        )
