"""The halt in DynamoDB.

halt   halt    who called the halt in force, when and why
"""

from __future__ import annotations

from datetime import UTC, datetime

from controller.aws.dynamodb.items import read_or_none, write
from controller.aws.dynamodb.keys import HALT, key
from controller.aws.dynamodb.table import Table, Write, unchanged
from controller.ledger.halt import Halt
from controller.runtime.ports.answers import Unreachable

TRIES = 3
EXPIRES = "expires_at"  # when DynamoDB removes a row
PLACE = key(HALT, HALT)
UNREADABLE = Halt(why="the row of the halt cannot be read", who="an unknown person", since=datetime(1970, 1, 1, tzinfo=UTC))


class DynamoHalts:
    """The Halts port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def halt(self) -> Halt | None:
        found = self._table.get(HALT, HALT)
        return (read_or_none(found, Halt) or UNREADABLE) if found else None

    def call_halt(self, halt: Halt) -> Halt:
        for _ in range(TRIES):
            if self._table.put({**PLACE, **write(halt)}, absent=True):
                return halt
            found = self._table.get(HALT, HALT)
            if found is None:
                continue  # the other halt ended in between: start this one
            called = read_or_none(found, Halt)
            if EXPIRES not in found:
                return called or UNREADABLE
            kept = called or halt  # this code writes no halt that expires: write it again without an expiry
            self._table.put({**PLACE, **write(kept)})
            return kept
        raise Unreachable(f"the halt was called and ended {TRIES} times while it was read")

    def set_halt(self, halt: Halt | None, *, in_place_of: Halt | None = None) -> bool:
        as_read: Write = {}
        if in_place_of is not None:
            found = self._table.get(HALT, HALT)
            if not found or (read_or_none(found, Halt) or UNREADABLE) != in_place_of:
                return False
            as_read = unchanged(found, *found)
        if halt is None:
            return self._table.remove(PLACE, **as_read)
        return self._table.put({**PLACE, **write(halt)}, **as_read)
