"""Waivers by the time at which they end, in DynamoDB: a partition of the index *family*, which is eventually consistent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from controller.aws.dynamodb.items import read, stamp
from controller.aws.dynamodb.keys import WAIVERS
from controller.aws.dynamodb.table import Table, of_lineages
from controller.ledger.entry import Waived


class DynamoWaivers:
    """The Waivers port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def in_force(self, now: datetime) -> Iterable[Waived]:
        rows = self._table.query(
            index="family",
            KeyConditionExpression="family_pk = :pk AND family_at > :now",
            ExpressionAttributeValues={":pk": WAIVERS, ":now": {"S": stamp(now)}},
        )
        return [read(row) for row in of_lineages(rows)]
