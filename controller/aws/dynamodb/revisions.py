"""Since when the current policy revision is in force, in DynamoDB: policy, current; and policy, document#<revision>.

A document is written before the row that names its revision, and never changed: its name is the hash of its content. Rows
``policy, <revision>`` were written before revisions had intervals: they say when a revision was first seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.aws.dynamodb.items import MARK, Item, moment, stamp
from controller.aws.dynamodb.table import Table, key
from controller.policy.document import BYTES_MAX, document_text
from controller.runtime.policy_ports import RevisionInForce

CURRENT = "current"  # no revision has this name: a revision is twelve hexadecimal digits
KEPT = "kept"  # of the current row: the document of its revision is kept


class DynamoRevisions:
    """The Revisions port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def in_force_at(self, revision: str, now: datetime, document: Mapping[str, Any] | None = None) -> datetime:
        current = self._table.get("policy", CURRENT)
        same = current is not None and current["revision"]["S"] == revision
        if current is not None and same and (document is None or KEPT in current):
            return moment(current["at"]["S"])
        kept = document is not None and self._keep(revision, document)
        if current is not None and same:
            if not kept:
                return moment(current["at"]["S"])
            at = moment(current["at"]["S"])
        else:
            at = now if current is not None else self._first_seen(revision, now)
        mark = {KEPT: {"BOOL": True}} if kept else {}
        row = {**key("policy", CURRENT), **MARK, "revision": {"S": revision}, "at": {"S": stamp(at)}, **mark}
        if self._table.put(row, absent=True) if current is None else self._table.put(row, **_unchanged(current)):
            return at
        other = self._table.get("policy", CURRENT)  # another container was faster, with this revision or with another
        return moment(other["at"]["S"]) if other is not None and other["revision"]["S"] == revision else now

    def current(self) -> RevisionInForce | None:
        row = self._table.get("policy", CURRENT)
        return RevisionInForce(revision=row["revision"]["S"], since=moment(row["at"]["S"])) if row is not None else None

    def document(self, revision: str) -> str | None:
        row = self._table.get("policy", _document(revision))
        text = row["text"]["S"] if row is not None else None
        return str(text) if text is not None else None

    def _keep(self, revision: str, document: Mapping[str, Any]) -> bool:
        """Write the document of a revision, if no function did before; False where it is too long."""
        text = document_text(document)
        if len(text.encode()) > BYTES_MAX:
            return False
        self._table.put({**key("policy", _document(revision)), **MARK, "text": {"S": text}}, absent=True)
        return True

    def _first_seen(self, revision: str, now: datetime) -> datetime:
        known = self._table.get("policy", revision)
        return moment(known["at"]["S"]) if known else now


def _document(revision: str) -> str:
    return f"document#{revision}"


def _unchanged(current: Item) -> Item:
    """The condition that no other container began an interval meanwhile."""
    return {
        "ConditionExpression": "#revision = :revision AND #at = :at",
        "ExpressionAttributeNames": {"#revision": "revision", "#at": "at"},
        "ExpressionAttributeValues": {":revision": current["revision"], ":at": current["at"]},
    }
