"""A pool of spot capacity, and what is known of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from controller.units.value import dataclass

CAPACITY_SIGNAL_AGE = timedelta(hours=1)  # after that time, the capacity may be gone again


class MarketSignalKind(StrEnum):
    INTERRUPTION = "interruption"
    REBALANCE = "rebalance"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSignal:
    """An EC2 spot event of this account: a sign of the spot market, never about one training job.

    Such an event names an EC2 instance, and DescribeTrainingJob names none, so the two cannot be joined. ``family`` is None where
    the instance was gone before it could be described.
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
        """One instance is warned of once, however often EventBridge says it."""
        return f"{self.kind}/{self.instance_id}/{self.at:%Y-%m-%d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySeen:
    """A sign that a pool had spot capacity at ``at``. ``job`` is who showed it, or on whose behalf EC2 was asked."""

    region: str
    instance_type: str
    job: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementAsked:
    """EC2 was asked for the placement score of a pool; ``score`` is from 1 to 10, None where EC2 did not say."""

    region: str
    instance_type: str
    job: str
    at: datetime
    score: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTimes:
    """How long the phases of one job took that a move waits for, in seconds; None for a phase that it did not have.

    ``start_s`` is the time from its creation to its instances, on-demand only: on spot it is the wait for capacity. ``restore_s``
    is the download of a job with a checkpoint prefix, ``upload_s`` the upload at its end.
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
    """The statistics of a pool: how long jobs trained there, how often they were interrupted, how often EC2 warned.

    ``waited_s`` is how long jobs waited for ``starts`` starts, ``billed_s`` what was billed for ``billed_of_s`` of training: as
    far as it was recorded, which older days did not.
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
