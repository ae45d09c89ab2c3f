"""When digests were queued, in DynamoDB.

cursor   digest/<period>/<channel>    when a channel's digest was last queued; ``until`` is the first UTC day after its period
cursor   digests                      when all digests were last checked
"""

from __future__ import annotations

from datetime import date, datetime

from controller.aws.dynamodb.keys import CURSOR
from controller.aws.dynamodb.moments import moment_of, move_forward
from controller.aws.dynamodb.table import Table

CHECKED = "digests"


class DynamoDigests:
    """The Digests port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def queued_at(self, period: str, channel: str) -> datetime | None:
        return moment_of(self._table, f"digest/{period}/{channel}")

    def reported_until(self, period: str, channel: str) -> date | None:
        found = self._table.get(CURSOR, f"digest/{period}/{channel}") or {}
        return date.fromisoformat(found["until"]["S"]) if "until" in found else None

    def note_queued(self, period: str, channel: str, at: datetime, until: date) -> None:
        move_forward(self._table, f"digest/{period}/{channel}", at, until=until.isoformat())

    def checked_at(self) -> datetime | None:
        return moment_of(self._table, CHECKED)

    def note_checked(self, at: datetime) -> None:
        move_forward(self._table, CHECKED, at)
