"""Signals of spot capacity in DynamoDB.

    capacity#<region>/<instance type>   seen#<at>#<job>     a job, a probe or EC2 showed that the pool had capacity
                                        asked#<at>#<job>    EC2 was asked for the pool's placement score

Each signal is a row of its own, which a commit writes without a condition: commits of many lineages do not wait for each other.
The newest row counts, in whatever order they are written. Rows expire after a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.aws.dynamodb.items import read, stamp, write
from controller.aws.dynamodb.table import Table, Write, key
from controller.ledger.pool import CapacitySeen, CapacitySignal

REMEMBERED = timedelta(days=1)
SEEN, ASKED = "seen#", "asked#"


class DynamoCapacity:
    """The Capacity port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def capacity_seen_at(self, region: str, instance_type: str) -> datetime | None:
        return self._newest(region, instance_type, SEEN)

    def placement_asked_at(self, region: str, instance_type: str) -> datetime | None:
        return self._newest(region, instance_type, ASKED)

    def _newest(self, region: str, instance_type: str, kind: str) -> datetime | None:
        rows = self._table.query(
            limit=1,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :kind)",
            ExpressionAttributeValues={":pk": {"S": _pk(region, instance_type)}, ":kind": {"S": kind}},
            ScanIndexForward=False,
        )
        found: CapacitySignal | None = next((read(row) for row in rows), None)
        return found.at if found else None


def recording(signal: CapacitySignal) -> Write:
    """The write that records a signal."""
    kind = SEEN if isinstance(signal, CapacitySeen) else ASKED
    place = key(_pk(signal.region, signal.instance_type), f"{kind}{stamp(signal.at)}#{signal.job}")
    expires_at = int((signal.at + REMEMBERED).timestamp())
    return {"Put": {"Item": {**place, **write(signal), "expires_at": {"N": str(expires_at)}}}}


def _pk(region: str, instance_type: str) -> str:
    return f"capacity#{region}/{instance_type}"
