"""Estimates interruption rates per pool with their uncertainty, and says which pool to try first.

Interruptions of a pool are counted over the hours of spot training in which they happened. The rate is the posterior of a Poisson
rate under a Gamma prior: one interruption in one hour does not read as 100 %, and a pool without history is between the rarely
and the often interrupted.
EC2's spot warnings name an instance family and no job. Another fleet of the account may have caused them, and nobody knows how
many hours that fleet ran. So they are shown beside the rate and are no part of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from controller.ledger.entry import Entry, Measured
from controller.ledger.pool import MarketSignal, PoolMemory
from controller.units.money import Rate
from controller.units.value import dataclass

# The prior equals ten hours with half an interruption. EC2's Spot Instance Advisor calls interruptions rare below 5 % of the
# instances in a month and frequent above 20 %. Five in a hundred hours is cautious, and ten hours of own history outweigh it.
PRIOR_INTERRUPTIONS = 0.5
PRIOR_HOURS = 10.0
RESTART_H = 0.25  # the hours that an interruption costs: a start, a restore and half a checkpoint interval
Z_90 = 1.6449  # the standard normal quantile of a two-sided interval of 90 %


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePosterior:
    """A Gamma distribution of interruptions per hour of spot training: as if ``shape`` had come in ``hours``."""

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
    """What entries and signals show of each pool (instance type, region). Exposure counts job hours: an interruption stops the
    whole job. A job's interruptions count with its hours, once it has ended: counted before, they would come from hours that do
    not count yet.
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
    """What the usage of a spot job shows of its pool. Of a job without training, nothing was billed and nothing is known."""
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
    """A quantile of Gamma(shape, 1) at a standard normal's ``z`` (Wilson and Hilferty, 1931: the cube root is nearly normal)."""
    root = 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))
    return shape * max(root, 0.0) ** 3


def cheapest_first(instance_types: Sequence[str], pools: Mapping[str, PoolMemory], rates: Mapping[str, Rate]) -> tuple[str, ...]:
    """The instance types by the expected cost of a useful hour. Those without a price come last; ties are sorted by name."""

    def cost(instance_type: str) -> tuple[bool, float, str]:
        price = rates.get(instance_type)
        again = 1 + RESTART_H * estimate(pools.get(instance_type)).mean
        return price is None, (price.micros_per_h if price else 1) * again, instance_type

    return tuple(sorted(instance_types, key=cost))
