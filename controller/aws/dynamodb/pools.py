"""Daily statistics of pools of spot capacity, in DynamoDB.

pool#<region>/<instance type>   <day>    the statistics of a closed UTC day
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from controller.aws.dynamodb.days import epoch_s
from controller.aws.dynamodb.items import read_or_none, write
from controller.aws.dynamodb.keys import key, pool_pk
from controller.aws.dynamodb.table import Table
from controller.ledger.pool import PoolMemory

REMEMBERED = timedelta(days=400)
FIGURE_MAX = 10**10  # of a day: more than a hundred thousand jobs that train all day


class DynamoPoolMemories:
    """The PoolMemories port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def remember(self, day: date, memories: Iterable[PoolMemory]) -> None:
        for memory in memories:
            place = key(pool_pk(memory.region, memory.instance_type), day.isoformat())
            self._table.put({**place, **write(memory), "expires_at": {"N": epoch_s(day + REMEMBERED)}})

    def memory(self, instance_type: str, region: str, since: datetime) -> PoolMemory:
        rows = self._table.query(
            KeyConditionExpression="pk = :pk AND sk >= :since",
            ExpressionAttributeValues={":pk": {"S": pool_pk(region, instance_type)}, ":since": {"S": since.date().isoformat()}},
        )
        days = (day for row in rows if (day := read_or_none(row, PoolMemory)) is not None and _possible(day))
        return sum(days, PoolMemory(instance_type=instance_type, region=region))


def _possible(day: PoolMemory) -> bool:
    figures = (
        day.exposure_s, day.interruptions, day.warnings, day.starts, day.waited_s, day.billed_s, day.billed_of_s
    )  # fmt: skip
    return all(0 <= figure <= FIGURE_MAX for figure in figures)
