"""Limits over all lineages, in DynamoDB: a counter per limit, and a marker per act.

limit#<what>   used             how much is taken; conditional, so that two at once never take more than there is
limit#<what>   taker#<hash>     that an act took its part: repeating it, after a crash or a lost answer, takes nothing more
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from controller.aws.dynamodb.items import MARK
from controller.aws.dynamodb.table import Table, Write, key
from controller.runtime.answers import Unreachable

TRIES = 3
REMEMBERED = timedelta(days=40)  # longer than the month of a cap


class DynamoLimits:
    """The Limits port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def spend(self, what: str, who: str, amount: int, limit: int, now: datetime) -> bool:
        """Take an amount, or say that the limit has no room. Raises Unreachable when others were faster three times."""
        place = f"limit#{what}"
        taker = key(place, f"taker#{hashlib.sha256(who.encode()).hexdigest()[:32]}")
        expires = {"expires_at": {"N": str(int((now + REMEMBERED).timestamp()))}}
        for _ in range(TRIES):
            if self._table.get(place, taker["sk"]["S"]) is not None:
                return True
            counter = self._table.get(place, "used")
            used = int(counter["used"]["N"]) if counter else 0
            if used + amount > limit:
                return False
            item = {**key(place, "used"), **MARK, **expires, "used": {"N": str(used + amount)}}
            counted: Write = {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
            if counter is not None:
                counted |= {"ConditionExpression": "used = :used", "ExpressionAttributeValues": {":used": {"N": str(used)}}}
            marked = {"Item": {**taker, **MARK, **expires}, "ConditionExpression": "attribute_not_exists(pk)"}
            if self._table.transact([{"Put": counted}, {"Put": marked}]):
                return True
        raise Unreachable(f"the limit {what} changed {TRIES} times while it was read")
