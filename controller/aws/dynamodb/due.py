"""Open intents by the time at which they are due, in DynamoDB: the sparse index *due*, which an intent leaves when it closes.

The index is eventually consistent: it triggers, and never decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from itertools import islice

from controller.aws.dynamodb.items import moment, stamp
from controller.aws.dynamodb.lineages import lineage_pk
from controller.aws.dynamodb.table import PARTITIONS, Table, key
from controller.ledger.lineage import LineageId
from controller.runtime.ledger_ports import Overdue
from controller.runtime.triggers import Trigger


class DynamoDueIntents:
    """The DueIntents port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def overdue(self, now: datetime, limit: int) -> list[Overdue]:
        queues = (self._overdue_in(number, now, limit) for number in range(PARTITIONS))
        return list(islice(merge(*queues, key=lambda o: (o.trigger_at, str(o.trigger.lineage), o.key)), limit))

    def _overdue_in(self, number: int, now: datetime, limit: int) -> Iterator[Overdue]:
        rows = self._table.query(
            index="due",
            limit=limit,
            KeyConditionExpression="due_pk = :pk AND ring_at <= :now",
            ExpressionAttributeValues={":pk": {"S": f"due#{number:02d}"}, ":now": {"S": stamp(now)}},
        )
        for row in rows:
            trigger = Trigger(job=row["about"]["S"], lineage=LineageId.parse(row["lineage"]["S"]))
            yield Overdue(trigger=trigger, key=row["sk"]["S"].removeprefix("intent#"), trigger_at=moment(row["ring_at"]["S"]))

    def delay(self, overdue: Overdue, trigger_at: datetime) -> None:
        if overdue.trigger.lineage is not None:
            self._table.update(
                key(lineage_pk(overdue.trigger.lineage), f"intent#{overdue.key}"),
                UpdateExpression="SET ring_at = :at",
                ConditionExpression="ring_at < :at",  # only an open intent has this attribute
                ExpressionAttributeValues={":at": {"S": stamp(trigger_at)}},
            )
