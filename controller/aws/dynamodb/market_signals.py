"""EC2's spot signals and refused creates in DynamoDB: signal#<day>, <key> and signal#<day>, refused/<event>."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from controller.aws.dynamodb.items import read_or_none, write
from controller.aws.dynamodb.journal import days_between
from controller.aws.dynamodb.table import Table, key, partition_of
from controller.ledger.pool import MarketSignal
from controller.ledger.refused_create import RefusedCreate


class DynamoMarketSignals:
    """The MarketSignals port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note_signal(self, signal: MarketSignal) -> bool:
        return self._table.put({**key(f"signal#{signal.at:%Y-%m-%d}", signal.key), **write(signal)}, absent=True)

    def note_refused(self, refused: RefusedCreate) -> bool:
        place = key(f"signal#{refused.at:%Y-%m-%d}", f"refused/{refused.event_id}")
        return self._table.put({**place, **write(refused)}, absent=True)

    def signals(self, since: datetime, until: datetime) -> Iterable[MarketSignal]:
        for day in days_between(since, until):
            for row in self._table.query(**partition_of(f"signal#{day}")):
                signal = read_or_none(row, MarketSignal)
                if signal is not None and since <= signal.at < until:
                    yield signal
