"""Prices with the policy's own rates: such a rate counts on its days, the list price on all others.

A Savings Plan lowers only on-demand prices. So a spot job is billed at the list price, and compared with the plan's rate, which
is what on-demand training would have cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise

from controller.policy.agreed_rate import AgreedRate, Agreement
from controller.savings.dated_prices import SPOT, RateOf, spot_of
from controller.units.money import Rate

SOURCE = "rates of the policy"
LIST_FOR_SPOT = "list price: spot gains nothing from a Savings Plan"
BILL_SOURCE = "bill of "  # ``Rate.source`` of a rate from a bill begins so


class RateBasis(StrEnum):
    """Where the on-demand rate of an attempt comes from. The values are stored in the roll-ups of closed days."""

    LIST = "list price"
    BILL = "bill"
    SAVINGS_PLAN = "Savings Plan"
    PRIVATE_PRICING = "private pricing"


def bases_of(source: str | None) -> tuple[RateBasis, ...]:
    """Where a rate comes from, by its source: several, if the price changed during the attempt; none without a source."""
    if source is None:
        return ()
    plan, private = (f"{SOURCE}: {one.label}" in source for one in Agreement)
    found = [(plan, RateBasis.SAVINGS_PLAN), (private, RateBasis.PRIVATE_PRICING), (BILL_SOURCE in source, RateBasis.BILL)]
    return tuple(basis for named, basis in found if named) or (RateBasis.LIST,)


def is_agreed(source: str | None) -> bool:
    """Whether a rate, or a part of it, comes from a policy's rate, or is the list price because of one."""
    return source is not None and (SOURCE in source or LIST_FOR_SPOT in source)


def with_agreed(listed: RateOf, agreed: Sequence[AgreedRate]) -> RateOf:
    """A price function in which these rates count before the list price ``listed``."""

    def rate(name: str, region: str, at: datetime, since: datetime | None = None) -> Rate | None:
        mine = [one for one in agreed if one.region == region and one.instance_type == name.removeprefix(SPOT)]
        if not mine:
            return listed(name, region, at, since)
        if since is None or since >= at:
            return _part(name, region, at, None, mine, listed)
        changes = sorted({edge for one in mine for edge in _edges(one) if since < edge < at})
        parts = [(_part(name, region, b, a, mine, listed), b - a) for a, b in pairwise([since, *changes, at])]
        known = [(one, length) for one, length in parts if one is not None]
        if name.startswith(SPOT) and known and len(known) < len(parts):
            known = [
                (one, length) for (a, b), (own, length) in zip(pairwise([since, *changes, at]), parts, strict=True)
                if (one := own or _part(name.removeprefix(SPOT), region, b, a, mine, listed)) is not None
            ]  # fmt: skip
        return _mean(known)

    return rate


def dearest_rate(rate_of: RateOf, instance_type: str, region: str, at: datetime) -> Rate | None:
    """The higher of the prices of on-demand and of spot training, which spend caps use; None without a price."""
    known = [rate_of(name, region, at, None) for name in (instance_type, spot_of(instance_type))]
    return max((rate for rate in known if rate is not None), key=lambda rate: rate.micros_per_h, default=None)


def _part(
    name: str, region: str, at: datetime, since: datetime | None, mine: Sequence[AgreedRate], listed: RateOf
) -> Rate | None:
    """The rate at a time, or over a period in which no agreed rate begins or ends; None without a price."""
    day, spot, kind = (since or at).astimezone(UTC).date(), name.startswith(SPOT), name.removeprefix(SPOT)
    own = _in_force(mine, day, spot=spot)
    if own is not None:
        return Rate(micros_per_h=own.micros_per_h, as_of=own.since, source=f"{SOURCE}: {own.agreement.label}, {own.named}")
    found = listed(name, region, at, since)
    if found is not None or not spot:
        return found
    other = _in_force(mine, day, spot=False)
    if other is None or other.agreement is not Agreement.SAVINGS_PLAN:
        return None
    plain = listed(kind, region, at, since)
    return plain and Rate(micros_per_h=plain.micros_per_h, as_of=plain.as_of, source=f"{LIST_FOR_SPOT} ({plain.source})")


def _in_force(mine: Sequence[AgreedRate], day: date, *, spot: bool) -> AgreedRate | None:
    return next((one for one in mine if one.spot is spot and one.holds_on(day)), None)


def _edges(one: AgreedRate) -> tuple[datetime, ...]:
    ends = (one.until + timedelta(days=1),) if one.until is not None and one.until < date.max else ()
    return tuple(datetime.combine(day, time(), UTC) for day in (one.since, *ends))


def _mean(parts: Sequence[tuple[Rate, timedelta]]) -> Rate | None:
    """The mean weighted by time, rounded to a whole millionth of a dollar. Its source names each price."""
    if not parts:
        return None
    last = parts[-1][0]
    if len({rate.micros_per_h for rate, _ in parts}) == 1:
        return last
    total = sum(rate.micros_per_h * length.total_seconds() for rate, length in parts)
    sources = "; ".join(f"{rate.micros_per_h / 1e6:g} USD/h as of {rate.as_of}: {rate.source}" for rate, _ in parts)
    return Rate(micros_per_h=round(total / sum(length.total_seconds() for _, length in parts)), as_of=last.as_of, source=sources)
