"""Prices in DynamoDB.

price#<region>   <instance type>#<day>    a row for each change of a price
cursor           prices/<region>          when the region's prices were last refreshed
cursor           bill/<region>            the end of the newest bill with stored prices
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from controller.aws.dynamodb.items import read_or_none, write
from controller.aws.dynamodb.keys import key, partition_of, price_pk
from controller.aws.dynamodb.moments import moment_of, move_forward
from controller.aws.dynamodb.table import Table
from controller.units.money import DOLLAR, Rate

RATE_MAX = 10_000 * DOLLAR  # per hour: ten times the price of the dearest instance; a row above it is ignored
SOURCE_MAX = 200  # characters, since the source is stored with each attempt that the price is used for


class DynamoStoredPrices:
    """The StoredPrices port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note_rates(self, region: str, rates: Mapping[str, Rate]) -> None:
        for instance_type, rate in sorted(rates.items()):
            self._table.put({**key(price_pk(region), f"{instance_type}#{rate.as_of}"), **write(rate)})

    def rates(self, region: str) -> Mapping[str, tuple[Rate, ...]]:
        found: dict[str, tuple[Rate, ...]] = {}
        for row in self._table.query(**partition_of(price_pk(region))):
            instance_type = row["sk"]["S"].partition("#")[0]
            rate = read_or_none(row, Rate)
            if rate is not None and 0 < rate.micros_per_h <= RATE_MAX:
                found[instance_type] = (*found.get(instance_type, ()), replace(rate, source=rate.source[:SOURCE_MAX]))
        return found

    def billed_until(self, region: str) -> datetime | None:
        return moment_of(self._table, f"bill/{region}")

    def note_billed(self, region: str, until: datetime) -> None:
        move_forward(self._table, f"bill/{region}", until)

    def refreshed_at(self, region: str) -> datetime | None:
        return moment_of(self._table, f"prices/{region}")

    def note_refresh(self, region: str, at: datetime) -> None:
        move_forward(self._table, f"prices/{region}", at)
