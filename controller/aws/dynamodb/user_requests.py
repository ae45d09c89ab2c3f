"""What people asked for in Slack, in DynamoDB, until a look at the job takes it in. Slack's function writes no lineage.

request#<lineage>   <key of the entry>   what was asked   (index *due*, see ``due``)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from controller.aws.dynamodb.items import Item, UnreadableItem, read, stamp, write
from controller.aws.dynamodb.table import Table, key, partition, partition_of
from controller.ledger.entry import UserRequested, Waived
from controller.ledger.lineage import LineageId

REQUEST = "request#"


class DynamoUserRequests:
    """The UserRequests port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, lineage: LineageId, request: UserRequested | Waived, now: datetime) -> bool:
        index_keys = {
            "due_pk": partition("due", str(lineage)), "ring_at": {"S": stamp(now)}, "lineage": {"S": str(lineage)},
            "about": {"S": request.job},
        }  # fmt: skip
        return self._table.put({**key(request_pk(lineage), request.key), **write(request), **index_keys}, absent=True)

    def waiting(self, lineage: LineageId) -> tuple[UserRequested | Waived, ...]:
        rows = self._table.query(**partition_of(request_pk(lineage)))
        return tuple(request for row in rows if (request := _request(row)) is not None)

    def remove(self, lineage: LineageId, seen: Iterable[UserRequested | Waived]) -> None:
        answered = {request.key for request in seen}
        for row in list(self._table.query(**partition_of(request_pk(lineage)))):
            request = _request(row)
            if request is None or request.key in answered:
                self._table.remove(key(request_pk(lineage), row["sk"]["S"]))


def _request(row: Item) -> UserRequested | Waived | None:
    """What was asked; None for a row that cannot be read, or that stands under another key than its own."""
    try:
        request = read(row)
    except (UnreadableItem, AttributeError, KeyError, TypeError, ValueError):
        return None
    return request if isinstance(request, UserRequested | Waived) and request.key == row["sk"]["S"] else None


def request_pk(lineage: LineageId) -> str:
    return f"{REQUEST}{lineage}"
