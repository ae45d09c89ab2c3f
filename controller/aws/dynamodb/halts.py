"""The halt in DynamoDB: halt, halt. Who started it, when and why."""

from __future__ import annotations

from datetime import UTC, datetime

from controller.aws.dynamodb.items import read_or_none, write
from controller.aws.dynamodb.table import Table, key
from controller.ledger.halt import Halt
from controller.runtime.answers import Unreachable

TRIES = 3
HALT = key("halt", "halt")
UNREADABLE = Halt(why="the row of the halt cannot be read", who="nobody knows", since=datetime(1970, 1, 1, tzinfo=UTC))


class DynamoHalts:
    """The Halts port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def halt(self) -> Halt | None:
        found = self._table.get("halt", "halt")
        return (read_or_none(found, Halt) or UNREADABLE) if found else None

    def call_halt(self, halt: Halt) -> Halt:
        for _ in range(TRIES):
            if self._table.put({**HALT, **write(halt)}, absent=True):
                return halt
            called = self.halt()
            if called is not None:
                return called  # None where somebody resumed in between: then this halt comes after, and holds
        raise Unreachable(f"the halt was called and ended {TRIES} times while it was read")

    def set_halt(self, halt: Halt | None) -> None:
        if halt is None:
            self._table.remove(HALT)
        else:
            self._table.put({**HALT, **write(halt)})
