"""Prices in DynamoDB, a row for each change of one: price#<region>, <instance type>#<day>."""

from __future__ import annotations

from collections.abc import Mapping

from controller.aws.dynamodb.items import read, write
from controller.aws.dynamodb.table import Table, key, partition_of
from controller.units.money import Rate


class StoredPrices:
    """The part of the ledger that knows what AWS's own list said."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, region: str, rates: Mapping[str, Rate]) -> None:
        for instance_type, rate in sorted(rates.items()):
            self._table.put({**key(f"price#{region}", f"{instance_type}#{rate.as_of}"), **write(rate)})

    def of(self, region: str) -> Mapping[str, tuple[Rate, ...]]:
        found: dict[str, tuple[Rate, ...]] = {}
        for row in self._table.query(**partition_of(f"price#{region}")):
            instance_type = row["sk"]["S"].partition("#")[0]
            found[instance_type] = (*found.get(instance_type, ()), read(row))
        return found
