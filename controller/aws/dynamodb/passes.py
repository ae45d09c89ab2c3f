"""How far each pass of discover has come, in DynamoDB: cursor, <pass>."""

from __future__ import annotations

from datetime import datetime

from controller.aws.dynamodb.moments import moment_of, move_forward
from controller.aws.dynamodb.table import Table
from controller.runtime.schedule_ports import DiscoverPass


class DynamoDiscoverPasses:
    """The DiscoverPasses port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def passed_until(self, which: DiscoverPass) -> datetime | None:
        return moment_of(self._table, which.value)

    def note_passed(self, which: DiscoverPass, until: datetime) -> None:
        move_forward(self._table, which.value, until)
