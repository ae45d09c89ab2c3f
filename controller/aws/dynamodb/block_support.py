"""Whether the Slack workspace accepts tables and charts, in DynamoDB.

cursor   slack/plain-blocks    when Slack last refused them
"""

from __future__ import annotations

from datetime import datetime

from controller.aws.dynamodb.moments import moment_of, move_forward
from controller.aws.dynamodb.table import Table

PLAIN = "slack/plain-blocks"


class DynamoBlockSupport:
    """The BlockSupport port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def blocks_refused_at(self) -> datetime | None:
        return moment_of(self._table, PLAIN)

    def note_blocks_refused(self, at: datetime) -> None:
        move_forward(self._table, PLAIN, at)
