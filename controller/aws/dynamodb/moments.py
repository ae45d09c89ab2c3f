"""Times that only move forward, in DynamoDB: cursor, <name>; those of ``passes`` are in a partition of their own.

These names are in rows that ledgers already contain. Each port has its own names, and no two share one.
"""

from __future__ import annotations

from datetime import datetime

from controller.aws.dynamodb.items import MARK, moment, stamp
from controller.aws.dynamodb.table import Table, key

CURSOR = "cursor"


def moment_of(table: Table, name: str, pk: str = CURSOR) -> datetime | None:
    """The time that is stored under a name."""
    found = table.get(pk, name)
    return moment(found["at"]["S"]) if found else None


def move_forward(table: Table, name: str, at: datetime, pk: str = CURSOR) -> None:
    """Store a time. One that is not later than the stored time changes nothing."""
    table.update(
        key(pk, name),
        UpdateExpression="SET #at = :at, #schema = :schema",
        ConditionExpression="attribute_not_exists(#at) OR #at < :at",
        ExpressionAttributeNames={"#at": "at", "#schema": "schema"},
        ExpressionAttributeValues={":at": {"S": stamp(at)}, ":schema": MARK["schema"]},
    )
