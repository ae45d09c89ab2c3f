"""Open intents by the time at which they are due, in DynamoDB: the sparse index *due*, which an intent leaves when it closes.

The index is eventually consistent, so it is only a reason to look at a job.

failing   <lineage>#<intent>   a trigger of the sweep that fails, and since when its intent is due
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import merge
from itertools import islice

from controller.aws.dynamodb.items import MARK, Item, moment, stamp
from controller.aws.dynamodb.keys import FAILING, LINEAGE, PARTITIONS, REQUEST, key, lineage_pk, partition_of, request_pk
from controller.aws.dynamodb.table import Table
from controller.ledger.lineage_id import LineageId
from controller.runtime.ports.ledger import FailingTrigger, Overdue
from controller.runtime.read_events import Trigger

PROBLEM_MAX = 500
JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


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
            pk = row["pk"]["S"]
            if pk.startswith(LINEAGE):
                trigger = Trigger(job=row["about"]["S"], lineage=LineageId.parse(row["lineage"]["S"]))
                yield Overdue(trigger=trigger, key=row["sk"]["S"].removeprefix("intent#"), trigger_at=moment(row["ring_at"]["S"]))
            elif (requested := _requested(row)) is not None:
                yield requested
            else:
                self._table.remove(key(pk, row["sk"]["S"]))  # it names no job, and would stay at the head of the queue

    def delay(self, overdue: Overdue, trigger_at: datetime) -> None:
        if overdue.trigger.lineage is not None:
            lineage, requested = overdue.trigger.lineage, overdue.trigger.requested
            self._table.update(
                key(request_pk(lineage), overdue.key) if requested else key(lineage_pk(lineage), f"intent#{overdue.key}"),
                UpdateExpression="SET ring_at = :at",
                ConditionExpression="ring_at < :at",  # only an open intent has this attribute
                ExpressionAttributeValues={":at": {"S": stamp(trigger_at)}},
            )

    def note_failing(self, overdue: Overdue, trigger_at: datetime, problem: str) -> None:
        self._table.update(
            key(FAILING, f"{overdue.trigger.lineage}#{overdue.key}"),
            UpdateExpression="SET since = if_not_exists(since, :since), trigger_at = :at, problem = :problem, job = :job,"
            " lineage = :lineage, intent = :intent, #schema = :schema",
            ExpressionAttributeNames={"#schema": "schema"},
            ExpressionAttributeValues={
                ":since": {"S": stamp(overdue.trigger_at)},
                ":at": {"S": stamp(trigger_at)},
                ":problem": {"S": problem[:PROBLEM_MAX]},
                ":job": {"S": overdue.trigger.job},
                ":lineage": {"S": str(overdue.trigger.lineage)},
                ":intent": {"S": overdue.key},
                ":schema": MARK["schema"],
            },
        )

    def failing(self) -> Iterable[FailingTrigger]:
        return [_failing(row) for row in self._table.query(**partition_of(FAILING))]

    def forget_failing(self, failing: FailingTrigger) -> None:
        self._table.remove(
            key(FAILING, f"{failing.lineage}#{failing.key}"),
            ConditionExpression="trigger_at = :at",
            ExpressionAttributeValues={":at": {"S": stamp(failing.trigger_at)}},
        )


def _requested(row: Item) -> Overdue | None:
    """A waiting request of a person; None for a row that names no job. The function for Slack writes it, so it is checked."""
    lineage = LineageId.parse(row["pk"]["S"].removeprefix(REQUEST)) if row["pk"]["S"].startswith(REQUEST) else None
    job = row.get("about", {}).get("S", "")
    try:
        trigger_at = moment(row["ring_at"]["S"])
    except ValueError:
        return None
    if lineage is None or JOB_NAME.fullmatch(job) is None or trigger_at.tzinfo is None:
        return None
    return Overdue(trigger=Trigger(job=job, lineage=lineage, requested=True), key=row["sk"]["S"], trigger_at=trigger_at)


def _failing(row: Item) -> FailingTrigger:
    return FailingTrigger(
        job=row["job"]["S"],
        lineage=row["lineage"]["S"],
        key=row["intent"]["S"],
        since=moment(row["since"]["S"]),
        trigger_at=moment(row["trigger_at"]["S"]),
        problem=row["problem"]["S"],
    )
