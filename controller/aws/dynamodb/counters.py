"""Limits over all lineages, in DynamoDB: a counter per limit, and a row per holder.

limit#<what>   used             how much is taken; written conditionally, so that two writers never exceed the limit
limit#<what>   taker#<hash>     how much a holder has: taking again, after a crash or a lost answer, takes nothing more
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from controller.aws.dynamodb.items import MARK, Item
from controller.aws.dynamodb.keys import key, limit_pk
from controller.aws.dynamodb.table import Table, Write, unchanged
from controller.runtime.ports.answers import Unreachable

TRIES = 3
USED = "used"
REMEMBERED = timedelta(days=70)  # longer than the month that a cap is for, and the longest attempt in it


class DynamoLimits:
    """The Limits port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def spend(self, what: str, who: str, amount: int, limit: int | None, now: datetime, in_place_of: Sequence[str] = ()) -> bool:
        """Take an amount; False where the limit has no room. Raises Unreachable when others write in each of three tries."""
        for _ in range(TRIES):
            taker, counter = self._table.get(*_taker(what, who)), self._table.get(limit_pk(what), USED)
            given_back = {other: found for other in in_place_of if _amount_held(found := self._table.get(*_taker(what, other)))}
            held = _amount_held(taker, unknown=amount)
            if taker is not None and held >= amount and not given_back:
                return True
            wanted, before = max(amount, held), held + sum(map(_amount_held, given_back.values()))
            if limit is not None and wanted > before and _used(counter) + wanted - before > limit:
                return False
            holders = {who: (taker, wanted)} | {other: (found, 0) for other, found in given_back.items()}
            if self._hold(what, holders, counter, now):
                return True
        raise Unreachable(f"the limit {what} changed {TRIES} times while it was read")

    def settle(self, what: str, who: str, amount: int, now: datetime) -> None:
        for _ in range(TRIES):
            taker, counter = self._table.get(*_taker(what, who)), self._table.get(limit_pk(what), USED)
            if taker is not None and _amount_held(taker, unknown=amount) == amount:
                return
            if self._hold(what, {who: (taker, amount)}, counter, now):
                return
        raise Unreachable(f"the limit {what} changed {TRIES} times while it was read")

    def taken(self, what: str) -> int:
        return _used(self._table.get(limit_pk(what), USED))

    def _hold(self, what: str, holders: Mapping[str, tuple[Item | None, int]], counter: Item | None, now: datetime) -> bool:
        """Write the new amount of each holder (with its row as it was read) and the new sum, in one transaction. False when one
        of the rows changed since.
        """
        expires = {"expires_at": {"N": str(int((now + REMEMBERED).timestamp()))}}
        more = sum(amount - _amount_held(taker, unknown=amount) for taker, amount in holders.values())
        used = max(_used(counter) + more, 0)
        counted: Write = {"Item": {**key(limit_pk(what), USED), **MARK, **expires, "used": {"N": str(used)}}}
        writes: list[Write] = [{"Put": counted | unchanged(counter, "used")}]
        for who, (taker, amount) in holders.items():
            marked: Write = {"Item": {**key(*_taker(what, who)), **MARK, **expires, "amount": {"N": str(amount)}}}
            writes.append({"Put": marked | unchanged(taker, "amount")})
        return self._table.transact(writes)


def _taker(what: str, who: str) -> tuple[str, str]:
    return limit_pk(what), f"taker#{hashlib.sha256(who.encode()).hexdigest()[:32]}"


def _used(counter: Item | None) -> int:
    return int(counter["used"]["N"]) if counter else 0


def _amount_held(taker: Item | None, *, unknown: int = 0) -> int:
    """What a holder has; ``unknown`` for a row of an older version, which has no amount."""
    if taker is None:
        return 0
    return int(taker["amount"]["N"]) if "amount" in taker else unknown
