"""Reads the rollups of a period: stored ones for closed days, new ones for the others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from controller.ledger.entry import Entry
from controller.ledger.pool import MarketSignal
from controller.savings.rollup import Rollup, roll_up

DAY = timedelta(days=1)


class ReportSource(Protocol):
    """The part of the ledger that reports read."""

    def rollups(self, since: date, until: date) -> Iterable[tuple[date, Rollup]]: ...

    def entries(self, since: datetime, until: datetime) -> Iterable[Entry]: ...

    def signals(self, since: datetime, until: datetime) -> Iterable[MarketSignal]: ...

    def cursor(self, name: str) -> datetime | None: ...


def rollups_of_days(source: ReportSource, since: date, until: date) -> dict[date, Rollup]:
    """The rollups of the days from ``since`` until before ``until``. Open days are rolled up from their entries."""
    days = dict(source.rollups(since, until))
    closed = source.cursor("rollup")
    day = max(since, closed.date()) if closed else since
    while day < until:
        begin = datetime.combine(day, datetime.min.time(), UTC)
        days[day] = roll_up(source.entries(begin, begin + DAY), source.signals(begin, begin + DAY))
        day += DAY
    return days
