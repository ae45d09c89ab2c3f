"""Times that only move forward, in DynamoDB. Those of ``passes`` are in their own partition.

cursor   <name>    a time, and texts beside it

Ledgers contain these names, so they never change. Each port has its own names.
"""

from __future__ import annotations

from datetime import datetime

from controller.aws.dynamodb.items import MARK, moment, stamp
from controller.aws.dynamodb.keys import CURSOR, key
from controller.aws.dynamodb.table import Table


def moment_of(table: Table, name: str, pk: str = CURSOR) -> datetime | None:
    """The time that is stored under a name; None where none is."""
    found = table.get(pk, name)
    return moment(found["at"]["S"]) if found else None


def move_forward(table: Table, name: str, at: datetime, pk: str = CURSOR, **beside: str) -> None:
    """Store a time, and texts beside it. A time that is not later than the stored time changes nothing."""
    values = {"at": {"S": stamp(at)}, "schema": MARK["schema"]} | {word: {"S": said} for word, said in beside.items()}
    table.update(
        key(pk, name),
        UpdateExpression="SET " + ", ".join(f"#{word} = :{word}" for word in values),
        ConditionExpression="attribute_not_exists(#at) OR #at < :at",
        ExpressionAttributeNames={f"#{word}": word for word in values},
        ExpressionAttributeValues={f":{word}": value for word, value in values.items()},
    )
