"""Entries of all lineages by day, in DynamoDB: the index *day*, which is eventually consistent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from controller.aws.dynamodb.items import read
from controller.aws.dynamodb.keys import PARTITIONS
from controller.aws.dynamodb.table import Table, of_lineages
from controller.ledger.entry import Entry


class DynamoJournal:
    """The Journal port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def entries(self, since: datetime, until: datetime) -> Iterable[Entry]:
        for day in days_between(since, until):
            for number in range(PARTITIONS):
                rows = self._table.query(
                    index="day",
                    KeyConditionExpression="day_pk = :pk",
                    ExpressionAttributeValues={":pk": {"S": f"{day}#{number:02d}"}},
                )
                yield from (entry for row in of_lineages(rows) if since <= (entry := read(row)).at < until)


def days_between(since: datetime, until: datetime) -> Iterator[str]:
    """The UTC days, as ``2026-11-30``, that overlap ``since`` … before ``until``."""
    first = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (f"{first + timedelta(days=n):%Y-%m-%d}" for n in range(-((first - until) // timedelta(days=1))))
