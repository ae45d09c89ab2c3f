"""Small things in DynamoDB.

signal#<day>     <key>          what EC2's market says
policy           <revision>     when a policy revision took force
cursor           <name>         how far a repeating pass has come
failing          <intent>       a trigger of the sweep that fails, and since when its intent is due
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from controller.aws.dynamodb.items import MARK, moment, read, stamp, write
from controller.aws.dynamodb.table import Table, key, partition_of
from controller.ledger.pool import MarketSignal
from controller.runtime.ports import FailingTrigger, Overdue

FAILING = "failing"
PROBLEM_MAX = 500


class Notes:
    """The part of the ledger that is one row each."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def cursor(self, name: str) -> datetime | None:
        found = self._table.get("cursor", name)
        return moment(found["at"]["S"]) if found else None

    def move_cursor(self, name: str, at: datetime) -> None:
        self._table.update(
            key("cursor", name),
            UpdateExpression="SET #at = :at, #schema = :schema",
            ConditionExpression="attribute_not_exists(#at) OR #at < :at",
            ExpressionAttributeNames={"#at": "at", "#schema": "schema"},
            ExpressionAttributeValues={":at": {"S": stamp(at)}, ":schema": MARK["schema"]},
        )

    def in_force_at(self, revision: str, now: datetime) -> datetime:
        known = self._table.get("policy", revision)
        if known is None and not self._table.put({**key("policy", revision), **MARK, "at": {"S": stamp(now)}}, absent=True):
            known = self._table.get("policy", revision)
        return moment(known["at"]["S"]) if known else now

    def note_failing(self, overdue: Overdue, trigger_at: datetime, problem: str) -> None:
        self._table.update(
            key(FAILING, f"{overdue.trigger.lineage}#{overdue.key}"),
            UpdateExpression="SET since = if_not_exists(since, :since), trigger_at = :at, #schema = :schema, problem = :problem,"
            " job = :job, lineage = :lineage, intent = :intent",
            ExpressionAttributeNames={"#schema": "schema"},
            ExpressionAttributeValues={
                ":since": {"S": stamp(overdue.trigger_at)},
                ":at": {"S": stamp(trigger_at)},
                ":schema": MARK["schema"],
                ":problem": {"S": problem[:PROBLEM_MAX]},
                ":job": {"S": overdue.trigger.job},
                ":lineage": {"S": str(overdue.trigger.lineage)},
                ":intent": {"S": overdue.key},
            },
        )

    def failing(self) -> Iterable[FailingTrigger]:
        for row in self._table.query(**partition_of(FAILING)):
            yield FailingTrigger(
                job=row["job"]["S"],
                lineage=row["lineage"]["S"],
                key=row["intent"]["S"],
                since=moment(row["since"]["S"]),
                trigger_at=moment(row["trigger_at"]["S"]),
                problem=row["problem"]["S"],
            )

    def forget_failing(self, failing: FailingTrigger) -> None:
        self._table.remove(
            key(FAILING, f"{failing.lineage}#{failing.key}"),
            ConditionExpression="trigger_at = :at",
            ExpressionAttributeValues={":at": {"S": stamp(failing.trigger_at)}},
        )

    def note_signal(self, signal: MarketSignal) -> bool:
        return self._table.put({**key(f"signal#{signal.at:%Y-%m-%d}", signal.key), **write(signal)}, absent=True)

    def signals(self, since: datetime, until: datetime) -> Iterable[MarketSignal]:
        for day in days_between(since, until):
            for row in self._table.query(**partition_of(f"signal#{day}")):
                signal: MarketSignal = read(row)
                if since <= signal.at < until:
                    yield signal


def days_between(since: datetime, until: datetime) -> Iterator[str]:
    """The days (UTC) that have a moment within ``since`` <= … < ``until``."""
    first = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (f"{first + timedelta(days=n):%Y-%m-%d}" for n in range(-((first - until) // timedelta(days=1))))
