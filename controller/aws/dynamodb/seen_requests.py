"""Signed requests that were answered, in DynamoDB.

once   <what>    expires after an hour
"""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.aws.dynamodb.items import MARK
from controller.aws.dynamodb.keys import ONCE, key
from controller.aws.dynamodb.table import Table

REMEMBERED = timedelta(hours=1)


class DynamoSeenRequests:
    """The SeenRequests port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def once(self, what: str, now: datetime) -> bool:
        expires_at = int((now + REMEMBERED).timestamp())
        return self._table.put({**key(ONCE, what), **MARK, "expires_at": {"N": str(expires_at)}}, absent=True)
