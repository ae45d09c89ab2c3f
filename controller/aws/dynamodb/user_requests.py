"""What people asked for in Slack, in DynamoDB, until it is recorded in the lineage: the function for Slack writes no lineage.

request#<lineage>   <key of the entry>   what was asked   (index *due*, see ``due``)

Each row has a ``proof``: a keyed hash of what was asked, about which lineage. The function for Slack computes it after it has
checked Slack's signature and the person's permission, including user groups. A row without its own proof is ignored.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import datetime

from controller.aws.dynamodb.items import Item, read_or_none, stamp, write
from controller.aws.dynamodb.keys import key, partition, partition_of, request_pk
from controller.aws.dynamodb.table import Table
from controller.ledger.entry import UserRequested, Waived
from controller.ledger.lineage_id import LineageId

ROWS_MAX = 100  # rows that are read for a lineage: a flood of rows must not delay the sweep


class DynamoUserRequests:
    """The UserRequests port."""

    def __init__(self, table: Table, key: str) -> None:
        self._table = table
        self._key = key

    def add(self, lineage: LineageId, request: UserRequested | Waived, now: datetime) -> bool:
        index_keys = {
            "due_pk": partition("due", str(lineage)), "ring_at": {"S": stamp(now)}, "lineage": {"S": str(lineage)},
            "about": {"S": request.job},
        }  # fmt: skip
        row = {**key(request_pk(lineage), request.key), **write(request), **index_keys}
        return self._table.put({**row, "proof": {"S": self._proof(row)}}, absent=True)

    def waiting(self, lineage: LineageId) -> tuple[UserRequested | Waived, ...]:
        rows = self._rows(lineage)
        return tuple(request for row in rows if (request := self._request(row)) is not None)

    def remove(self, lineage: LineageId, seen: Iterable[UserRequested | Waived]) -> None:
        answered = {request.key for request in seen}
        for row in self._rows(lineage):
            request = self._request(row)
            if request is None or request.key in answered:
                self._table.remove(key(request_pk(lineage), row["sk"]["S"]))

    def _rows(self, lineage: LineageId) -> list[Item]:
        return list(self._table.query(limit=ROWS_MAX, **partition_of(request_pk(lineage))))

    def _request(self, row: Item) -> UserRequested | Waived | None:
        """What was asked; None for a row that has no valid proof, cannot be read, or has another key than its content."""
        if not hmac.compare_digest(row.get("proof", {}).get("S", "").encode(), self._proof(row).encode()):
            return None
        request = read_or_none(row, UserRequested) or read_or_none(row, Waived)
        return request if request is not None and request.key == row["sk"]["S"] else None

    def _proof(self, row: Item) -> str:
        """The keyed hash of what a row asks, about which lineage and under which key."""
        asked = [row.get(name) for name in ("pk", "sk", "kind", "schema", "body")]
        text = f"user request\n{json.dumps(asked, sort_keys=True, default=str)}"
        return hmac.new(self._key.encode(), text.encode(), hashlib.sha256).hexdigest()
