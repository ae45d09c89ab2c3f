"""Answers what an instance cost on demand, from the dated table that ships in the package.

``data/prices.json`` holds figures with the day and the public source of each, and no figure without them. The table has
holes on purpose: an unknown price is None, and then a job's seconds are booked without dollars.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files

from controller.money import Rate


class Prices:
    """On-demand prices of training instances."""

    def rate(self, instance_type: str, region: str, at: datetime) -> Rate | None:
        """Find the newest figure that is not after a moment, else the oldest known; None where there is none at all.

        An older or younger figure beats none, because ``as_of`` travels with it into the books.
        """
        known = _table().get((region, instance_type), ())
        return next((rate for rate in reversed(known) if rate.as_of <= at.date()), known[0] if known else None)


@cache
def _table() -> Mapping[tuple[str, str], tuple[Rate, ...]]:
    """Read the table once per process, on first use: region, instance type → figures, oldest first."""
    document = json.loads(files("controller").joinpath("data/prices.json").read_text(encoding="utf-8"))
    table: dict[tuple[str, str], tuple[Rate, ...]] = {}
    for row in sorted(document["rates"], key=lambda row: str(row["as_of"])):
        key = (row["region"], row["instance_type"])
        as_of = date.fromisoformat(row["as_of"])
        rate = Rate(micros_per_h=row["rate_micros_per_h"], as_of=as_of, source=row["source"])
        table[key] = (*table.get(key, ()), rate)
    return table
