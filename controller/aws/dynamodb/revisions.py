"""When policy revisions took force, in DynamoDB: policy, <revision>."""

from __future__ import annotations

from datetime import datetime

from controller.aws.dynamodb.items import MARK, moment, stamp
from controller.aws.dynamodb.table import Table, key


class DynamoRevisions:
    """The Revisions port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def in_force_at(self, revision: str, now: datetime) -> datetime:
        known = self._table.get("policy", revision)
        if known is None and not self._table.put({**key("policy", revision), **MARK, "at": {"S": stamp(now)}}, absent=True):
            known = self._table.get("policy", revision)
        return moment(known["at"]["S"]) if known else now
