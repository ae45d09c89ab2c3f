"""Which of several dated prices applies: the newest that is not later than a time, or the mean over a period."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from itertools import pairwise

from controller.ledger.entry import Entry, Measured
from controller.units.money import Rate

SPOT = "spot "  # before an instance type, this names the price of its spot training, where the price list has one


def spot_of(instance_type: str) -> str:
    """The name of the price of an instance type's spot training."""
    return f"{SPOT}{instance_type}"


RateOf = Callable[[str, str, datetime, datetime | None], Rate | None]
"""The price of an instance type (or ``spot_of`` one) in a region at a time; with a second time, over the period since then."""


def rate_at(rates: Sequence[Rate], at: datetime) -> Rate | None:
    """The newest price that is not later than a time, else the oldest one; None without prices."""
    ordered = sorted(rates, key=lambda rate: rate.as_of)
    return next((rate for rate in reversed(ordered) if rate.as_of <= at.astimezone(UTC).date()), ordered[0] if ordered else None)


def rate_over(rates: Sequence[Rate], since: datetime, until: datetime) -> Rate | None:
    """The price of a period of training; None without prices.

    If the price changes within the period (at midnight, UTC), it is the mean weighted by time, rounded to a whole millionth of a
    dollar, and its source names all prices.
    """
    last = rate_at(rates, until)
    if last is None or since >= until:
        return last
    changes = sorted({_first_moment(rate) for rate in rates if since < _first_moment(rate) < until})
    edges = [since, *changes, until]
    parts = [(rate_at(rates, start), (end - start).total_seconds()) for start, end in pairwise(edges)]
    known = [(rate, seconds) for rate, seconds in parts if rate is not None]
    if len({rate.micros_per_h for rate, _ in known}) == 1:
        return last
    total = sum(rate.micros_per_h * seconds for rate, seconds in known) / sum(seconds for _, seconds in known)
    sources = "; ".join(f"{rate.micros_per_h / 1e6:g} USD/h as of {rate.as_of}: {rate.source}" for rate, _ in known)
    return Rate(micros_per_h=round(total), as_of=last.as_of, source=sources)


def _first_moment(rate: Rate) -> datetime:
    return datetime.combine(rate.as_of, time(), UTC)


def with_prices(entries: Iterable[Entry], rate_of: RateOf) -> list[Entry]:
    """The entries; attempts that were recorded without a price get the one that is known now for their time."""
    return [_with_price(entry, rate_of) if isinstance(entry, Measured) else entry for entry in entries]


def _with_price(measured: Measured, rate_of: RateOf) -> Measured:
    if measured.rate_micros_per_h is not None:
        return measured
    rate = rate_of(measured.instance_type, measured.region, measured.at, None)
    if rate is None:
        return measured
    spot = rate_of(spot_of(measured.instance_type), measured.region, measured.at, None) if measured.spot else None
    first = measured.first_rate_micros_per_h
    if first is None and measured.number > 1 and not measured.other_instances:  # it has the first attempt's instances
        first = rate.micros_per_h
    return replace(
        measured, rate_micros_per_h=rate.micros_per_h, rate_as_of=rate.as_of, rate_source=rate.source,
        first_rate_micros_per_h=first,
        spot_rate_micros_per_h=spot.micros_per_h if spot else measured.spot_rate_micros_per_h,
    )  # fmt: skip
