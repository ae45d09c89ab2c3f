"""What jobs show of a pool, in DynamoDB: signals of spot capacity, and how long jobs take to start, restore and upload.

    capacity#<region>/<instance type>   seen#<at>#<job>     a job, a probe or EC2 showed that the pool had capacity
                                        asked#<at>#<job>    EC2 was asked for the pool's placement score
                                        times#<slot>        how long the phases of one job took; one of 20 slots by its name

Each signal is a row of its own, which a commit writes without a condition: commits of many lineages do not wait for each other.
The newest row counts, in whatever order they are written. Signals expire after a day, times after 90.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never
from zlib import crc32

from controller.aws.dynamodb.items import readable, stamp, write
from controller.aws.dynamodb.keys import capacity_pk, key
from controller.aws.dynamodb.table import Table, Write
from controller.ledger.pool import CapacitySeen, CapacitySignal, PhaseTimes, PlacementAsked

REMEMBERED = timedelta(days=1)
TIMES_REMEMBERED = timedelta(days=90)
SEEN, ASKED, TIMES = "seen#", "asked#", "times#"
SLOTS = 20  # so many jobs of a pool are remembered, however many there are


class DynamoCapacity:
    """The Capacity port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def capacity_seen_at(self, region: str, instance_type: str) -> datetime | None:
        return self._newest(region, instance_type, SEEN)

    def placement_asked_at(self, region: str, instance_type: str) -> datetime | None:
        return self._newest(region, instance_type, ASKED)

    def phase_times(self, region: str, instance_type: str) -> tuple[PhaseTimes, ...]:
        rows = self._table.query(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :kind)",
            ExpressionAttributeValues={":pk": {"S": capacity_pk(region, instance_type)}, ":kind": {"S": TIMES}},
        )
        return tuple(readable(rows, PhaseTimes))

    def _newest(self, region: str, instance_type: str, kind: str) -> datetime | None:
        rows = list(
            self._table.query(
                limit=1,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :kind)",
                ExpressionAttributeValues={":pk": {"S": capacity_pk(region, instance_type)}, ":kind": {"S": kind}},
                ScanIndexForward=False,
            )
        )
        found: list[CapacitySignal] = [*readable(rows, CapacitySeen), *readable(rows, PlacementAsked)]
        return found[0].at if found else None


def recording(signal: CapacitySignal | PhaseTimes) -> Write:
    """The write that records a signal."""
    place = key(capacity_pk(signal.region, signal.instance_type), _sort_key(signal))
    kept = TIMES_REMEMBERED if isinstance(signal, PhaseTimes) else REMEMBERED
    expires_at = int((signal.at + kept).timestamp())
    return {"Put": {"Item": {**place, **write(signal), "expires_at": {"N": str(expires_at)}}}}


def _sort_key(signal: CapacitySignal | PhaseTimes) -> str:
    match signal:
        case PhaseTimes():
            return f"{TIMES}{crc32(signal.job.encode()) % SLOTS:02d}"
        case CapacitySeen():
            return f"{SEEN}{stamp(signal.at)}#{signal.job}"
        case PlacementAsked():
            return f"{ASKED}{stamp(signal.at)}#{signal.job}"
        case _:
            assert_never(signal)
