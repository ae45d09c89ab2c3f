"""EC2's spot signals, and refused CreateTrainingJob calls, in DynamoDB.

signal#<day>   <key>              a spot signal of that UTC day
signal#<day>   refused/<event>    a refused call of that UTC day
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from controller.aws.dynamodb.items import read_or_none, write
from controller.aws.dynamodb.journal import days_between
from controller.aws.dynamodb.keys import key, partition_of, signal_pk
from controller.aws.dynamodb.table import Table
from controller.ledger.pool import MarketSignal
from controller.ledger.refused_create import RefusedCreate

S = TypeVar("S", MarketSignal, RefusedCreate)


class DynamoMarketSignals:
    """The MarketSignals port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note_signal(self, signal: MarketSignal) -> bool:
        return self._table.put({**key(signal_pk(f"{signal.at:%Y-%m-%d}"), signal.key), **write(signal)}, absent=True)

    def note_refused(self, refused: RefusedCreate) -> bool:
        place = key(signal_pk(f"{refused.at:%Y-%m-%d}"), f"refused/{refused.event_id}")
        return self._table.put({**place, **write(refused)}, absent=True)

    def signals(self, since: datetime, until: datetime) -> Iterable[MarketSignal]:
        return self._between(since, until, MarketSignal)

    def refused(self, since: datetime, until: datetime) -> Iterable[RefusedCreate]:
        return self._between(since, until, RefusedCreate)

    def _between(self, since: datetime, until: datetime, kind: type[S]) -> Iterable[S]:
        for day in days_between(since, until):
            for row in self._table.query(**partition_of(signal_pk(day))):
                found = read_or_none(row, kind)
                if found is not None and since <= found.at < until:
                    yield found
