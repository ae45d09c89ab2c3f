"""Looks up the on-demand price of an instance: in the ledger, which the Price List API refreshes, and in the packaged table.

``data/prices.json`` contains prices with the day and the public source of each. The table is incomplete on purpose: an unknown
price is None, and then a job's seconds are recorded without dollars. Where both have a price of one day, the ledger's counts.
A price of the ledger that is more than four times the table's for that type, or less than a quarter of it, is ignored. Spend caps
depend on prices: otherwise the function that writes prices could make every cap useless.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from controller.policy.agreed_rate import AgreedRate
from controller.savings.agreed_rates import with_agreed
from controller.savings.dated_prices import rate_at, rate_over
from controller.units.money import Rate

DATA = Path(__file__).resolve().parents[1] / "data"

APART_MAX = 4  # the largest factor between two prices: far more than a price changes at once
FRESH = timedelta(hours=1)  # how long a container keeps a region's prices: they change weekly
Listed = Mapping[str, tuple[Rate, ...]]


def _nothing(_: str) -> Listed:
    return {}


class Prices:
    """The Prices port. ``listed`` reads a region's prices from the ledger, and may raise Unreachable. ``agreed`` reads the agreed
    rates of the policy, which come before all other prices.
    """

    def __init__(self, listed: Callable[[str], Listed] = _nothing, agreed: Callable[[], Sequence[AgreedRate]] = tuple) -> None:
        self._listed = listed
        self._agreed = agreed
        self._read: dict[str, tuple[datetime, Listed]] = {}

    def rate(self, instance_type: str, region: str, at: datetime, since: datetime | None = None) -> Rate | None:
        """The price per hour at a time, or the mean price from ``since`` until then; None where none is known."""
        return with_agreed(self._list_price, self._agreed())(instance_type, region, at, since)

    def _list_price(self, instance_type: str, region: str, at: datetime, since: datetime | None = None) -> Rate | None:
        of_list = [rate for rate in self._listed_in(region, at).get(instance_type, ()) if _plausible(rate, instance_type)]
        days = {rate.as_of for rate in of_list}
        known = (*(rate for rate in packaged_rates().get((region, instance_type), ()) if rate.as_of not in days), *of_list)
        return rate_over(known, since, at) if since is not None else rate_at(known, at)

    def _listed_in(self, region: str, at: datetime) -> Listed:
        read_at, listed = self._read.get(region, (at - 2 * FRESH, {}))
        if abs(at - read_at) > FRESH:
            listed = self._listed(region)
            self._read[region] = (at, listed)
        return listed


def _plausible(rate: Rate, instance_type: str) -> bool:
    known = [one.micros_per_h for (_, kind), rates in packaged_rates().items() if kind == instance_type for one in rates]
    return not known or min(known) <= rate.micros_per_h * APART_MAX <= max(known) * APART_MAX**2


@cache
def packaged_rates() -> Mapping[tuple[str, str], tuple[Rate, ...]]:
    """The packaged prices by region and instance type, oldest first: read once per process, on first use."""
    document = json.loads((DATA / "prices.json").read_text(encoding="utf-8"))
    table: dict[tuple[str, str], tuple[Rate, ...]] = {}
    for row in sorted(document["rates"], key=lambda row: str(row["as_of"])):
        key = (row["region"], row["instance_type"])
        as_of = date.fromisoformat(row["as_of"])
        rate = Rate(micros_per_h=row["rate_micros_per_h"], as_of=as_of, source=row["source"])
        table[key] = (*table.get(key, ()), rate)
    return table
