"""Since when the current policy revision is in force, in DynamoDB: policy, current.

Rows ``policy, <revision>`` were written before revisions had intervals: they say when a revision was first seen.
"""

from __future__ import annotations

from datetime import datetime

from controller.aws.dynamodb.items import MARK, Item, moment, stamp
from controller.aws.dynamodb.table import Table, key
from controller.runtime.policy_ports import RevisionInForce

CURRENT = "current"  # no revision has this name: a revision is twelve hexadecimal digits


class DynamoRevisions:
    """The Revisions port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def in_force_at(self, revision: str, now: datetime) -> datetime:
        current = self._table.get("policy", CURRENT)
        if current is not None and current["revision"]["S"] == revision:
            return moment(current["at"]["S"])
        at = now if current is not None else self._first_seen(revision, now)
        row = {**key("policy", CURRENT), **MARK, "revision": {"S": revision}, "at": {"S": stamp(at)}}
        if self._table.put(row, absent=True) if current is None else self._table.put(row, **_unchanged(current)):
            return at
        other = self._table.get("policy", CURRENT)  # another container was faster, with this revision or with another
        return moment(other["at"]["S"]) if other is not None and other["revision"]["S"] == revision else now

    def read_in_force_at(self, revision: str, now: datetime) -> datetime:
        """The same for a function that decides nothing and writes no such row."""
        current = self._table.get("policy", CURRENT)
        return moment(current["at"]["S"]) if current is not None and current["revision"]["S"] == revision else now

    def current(self) -> RevisionInForce | None:
        row = self._table.get("policy", CURRENT)
        return RevisionInForce(revision=row["revision"]["S"], since=moment(row["at"]["S"])) if row is not None else None

    def _first_seen(self, revision: str, now: datetime) -> datetime:
        known = self._table.get("policy", revision)
        return moment(known["at"]["S"]) if known else now


def _unchanged(current: Item) -> Item:
    """The condition that no other container began an interval meanwhile."""
    return {
        "ConditionExpression": "#revision = :revision AND #at = :at",
        "ExpressionAttributeNames": {"#revision": "revision", "#at": "at"},
        "ExpressionAttributeValues": {":revision": current["revision"], ":at": current["at"]},
    }
