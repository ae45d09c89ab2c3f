"""The policy revision in force, and the documents of revisions, in DynamoDB.

policy   current                the revision in force, since when, and when it was read
policy   document#<revision>    the compiled document of a revision
policy   <revision>             written by older versions: when a revision was first seen

The time of reading prevents that a container that was frozen after it read an older version puts that version in force. A
document is written before the row that names its revision. It never changes: a revision is the hash of its document.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from controller.aws.dynamodb.items import MARK, Item, moment, stamp
from controller.aws.dynamodb.keys import POLICY, key
from controller.aws.dynamodb.table import Table
from controller.policy.compiled_document import BYTES_MAX, document_text
from controller.runtime.ports.policy import PutInForce, Reading, RevisionInForce

CURRENT = "current"  # no revision has this name: a revision is twelve hexadecimal digits
SKEW_MAX = timedelta(minutes=5)  # between the clocks of two containers
KEPT = "kept"  # of the current row: the document of its revision is kept


class DynamoRevisions:
    """The Revisions port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put_in_force(self, revision: str, reading: Reading, document: Mapping[str, Any] | None = None) -> PutInForce | None:
        current = self._table.get(POLICY, CURRENT)
        same = current is not None and _is_of(current, revision)
        if current is not None and same and (document is None or KEPT in current):
            return PutInForce(since=moment(current["at"]["S"]))
        if current is not None and not same and _is_newer(current, reading):
            return None
        kept = document is not None and self._keep(revision, document)
        if current is not None and same:
            if not kept or self._table.put({**current, KEPT: {"BOOL": True}}, **_unchanged(current)):
                return PutInForce(since=moment(current["at"]["S"]))
        else:
            since = reading.answered_at if current is not None else self._first_seen(revision, reading.answered_at)
            row = {**_row(revision, since, reading), **({KEPT: {"BOOL": True}} if kept else {})}
            if current is None and self._table.put(row, absent=True):
                return PutInForce(since=since)
            if current is not None and self._table.put(row, **_unchanged(current)):
                return PutInForce(since=since, replaced=_in_force(current))
        other = self._table.get(POLICY, CURRENT)  # another container was faster, with this revision or with another
        return PutInForce(since=moment(other["at"]["S"])) if other is not None and _is_of(other, revision) else None

    def take_back(self, revision: str, put: PutInForce, reading: Reading) -> None:
        if put.replaced is not None:
            mine = _row(revision, put.since, reading)
            self._table.put(_row(put.replaced.revision, put.replaced.since, reading), **_unchanged(mine))

    def current(self) -> RevisionInForce | None:
        row = self._table.get(POLICY, CURRENT)
        return _in_force(row) if row is not None else None

    def document(self, revision: str) -> str | None:
        row = self._table.get(POLICY, _document(revision))
        text = row["text"]["S"] if row is not None else None
        return str(text) if text is not None else None

    def _keep(self, revision: str, document: Mapping[str, Any]) -> bool:
        """Write the document of a revision, if no function did before; False where it is too long."""
        text = document_text(document)
        if len(text.encode()) > BYTES_MAX:
            return False
        self._table.put({**key(POLICY, _document(revision)), **MARK, "text": {"S": text}}, absent=True)
        return True

    def _first_seen(self, revision: str, now: datetime) -> datetime:
        known = self._table.get(POLICY, revision)
        return moment(known["at"]["S"]) if known else now


def _document(revision: str) -> str:
    return f"document#{revision}"


def _row(revision: str, since: datetime, reading: Reading) -> Item:
    at, read_at = stamp(since), stamp(reading.answered_at)
    return {**key(POLICY, CURRENT), **MARK, "revision": {"S": revision}, "at": {"S": at}, "read_at": {"S": read_at}}


def _in_force(row: Item) -> RevisionInForce:
    return RevisionInForce(revision=row["revision"]["S"], since=moment(row["at"]["S"]))


def _is_of(row: Item, revision: str) -> bool:
    return bool(row["revision"]["S"] == revision)


def _is_newer(current: Item, reading: Reading) -> bool:
    """Whether the revision in force was read after ``reading`` was asked for. A stored time that is far ahead does not count."""
    row = current if "read_at" in current else {"read_at": current["at"]}  # rows of older code have none
    read_at = moment(row["read_at"]["S"])
    return reading.asked_at < read_at <= reading.answered_at + SKEW_MAX


def _unchanged(current: Item) -> Item:
    """The condition that no other container put a revision in force meanwhile."""
    return {
        "ConditionExpression": "#revision = :revision AND #at = :at",
        "ExpressionAttributeNames": {"#revision": "revision", "#at": "at"},
        "ExpressionAttributeValues": {":revision": current["revision"], ":at": current["at"]},
    }
