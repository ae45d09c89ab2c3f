"""Estimates interruption rates of pools with their uncertainty, and decides which pool to try first.

The rate of a pool is its interruptions per hour of spot training: the posterior of a Poisson rate with a Gamma prior. So one
interruption in one hour does not mean 100 %, and a pool without history is between rarely and often interrupted pools.

EC2's spot warnings name an instance family and no job. Other instances of the account may have caused them, and their hours are
not known. So the warnings are shown beside the rate, and are no part of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from controller.ledger.entry import Entry, Measured
from controller.ledger.pool import MarketSignal, PoolMemory
from controller.units.money import Rate
from controller.units.value import dataclass

# The prior counts as half an interruption in ten hours. EC2's Spot Instance Advisor calls interruptions rare below 5 % of the
# instances in a month, and frequent above 20 %. Five in a hundred hours is cautious; ten hours of own history weigh as much.
PRIOR_INTERRUPTIONS = 0.5
PRIOR_HOURS = 10.0
RESTART_H = 0.25  # the hours that an interruption costs: a start, a restore and half a checkpoint interval
Z_90 = 1.6449  # the standard normal quantile of a two-sided interval of 90 %


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePosterior:
    """A Gamma distribution of interruptions per hour of spot training: as if ``shape`` interruptions had come in ``hours``."""

    shape: float
    hours: float

    @property
    def mean(self) -> float:
        return self.shape / self.hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Interruptions per hour of spot training: the posterior's mean, and the interval that contains 90 % of it."""

    mean: float
    low: float
    high: float


def pool_memories(entries: Iterable[Entry], signals: Iterable[MarketSignal] = ()) -> dict[tuple[str, str], PoolMemory]:
    """The statistics of each pool (instance type, region) with a measured spot job.

    Exposure counts the hours of jobs, not of instances, because an interruption stops the whole job. A job's interruptions count
    together with its hours, when it has ended.
    """
    pools: dict[tuple[str, str], PoolMemory] = {}
    for entry in entries:
        match entry:
            case Measured(spot=True):
                one = _measured(entry)
            case _:
                continue
        place = (one.instance_type, one.region)
        pools[place] = pools[place] + one if place in pools else one
    known = list(signals)
    return {place: _with_warnings(memory, known) for place, memory in pools.items()}


def _measured(entry: Measured) -> PoolMemory:
    """What the usage of one spot job adds to its pool. The wait of a job that trained nothing does not count."""
    waited_s = entry.waited_s if entry.training_s > 0 else None
    return PoolMemory(
        instance_type=entry.instance_type, region=entry.region, exposure_s=entry.training_s, interruptions=entry.interruptions,
        starts=1 + entry.interruptions + entry.repeats if waited_s is not None else 0, waited_s=waited_s or 0,
        billed_s=entry.billable_s, billed_of_s=entry.training_s,
    )  # fmt: skip


def _with_warnings(memory: PoolMemory, signals: Sequence[MarketSignal]) -> PoolMemory:
    family = memory.instance_type.split(".")[1] if memory.instance_type.count(".") > 1 else None
    warnings = sum(signal.region == memory.region and signal.family == family for signal in signals)
    return memory + PoolMemory(instance_type=memory.instance_type, region=memory.region, warnings=warnings)


def posterior(memory: PoolMemory | None) -> RatePosterior:
    """The posterior of a pool's mean rate; for a pool without history, the prior."""
    seen = memory or PoolMemory(instance_type="", region="")
    return RatePosterior(shape=PRIOR_INTERRUPTIONS + seen.interruptions, hours=PRIOR_HOURS + seen.exposure_s / 3600)


def estimate(memory: PoolMemory | None) -> Estimate:
    """The mean of a pool's posterior, and its interval."""
    rate = posterior(memory)
    low, high = (_gamma_quantile(rate.shape, z) / rate.hours for z in (-Z_90, Z_90))
    return Estimate(mean=rate.mean, low=low, high=high)


def _gamma_quantile(shape: float, z: float) -> float:
    """The quantile of Gamma(shape, 1) that belongs to the standard normal quantile ``z`` (approximation of Wilson and Hilferty,
    1931: the cube root is nearly normal).
    """
    root = 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))
    return shape * max(root, 0.0) ** 3


def cheapest_first(instance_types: Sequence[str], pools: Mapping[str, PoolMemory], rates: Mapping[str, Rate]) -> tuple[str, ...]:
    """The instance types, sorted by the expected cost of a useful hour. Those without a price come last; ties by name."""

    def cost(instance_type: str) -> tuple[bool, float, str]:
        price = rates.get(instance_type)
        again = 1 + RESTART_H * estimate(pools.get(instance_type)).mean
        return price is None, (price.micros_per_h if price else 1) * again, instance_type

    return tuple(sorted(instance_types, key=cost))
