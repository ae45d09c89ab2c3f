"""Folds interruptions into rates per pool, and says which pool to try first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller.money import Rate
from controller.pool import PoolMemory

PRIOR_INTERRUPTIONS = 0.5
PRIOR_HOURS = 10.0


def rate_per_h(memory: PoolMemory | None) -> float:
    """The posterior mean of interruptions in an hour of spot training."""
    if memory is None:
        return PRIOR_INTERRUPTIONS / PRIOR_HOURS
    return (PRIOR_INTERRUPTIONS + memory.interruptions) / (PRIOR_HOURS + memory.exposure_s / 3600)


def order(instance_types: Sequence[str], pools: Mapping[str, PoolMemory], rates: Mapping[str, Rate]) -> tuple[str, ...]:
    """The pools by expected cost of useful work; those without a price come last, ties by name."""

    def cost(instance_type: str) -> tuple[bool, float, str]:
        price = rates.get(instance_type)
        per_h = rate_per_h(pools.get(instance_type))
        return price is None, (price.micros_per_h if price else 1) * (1 + per_h), instance_type

    return tuple(sorted(instance_types, key=cost))
