"""Reads the days of a period: closed ones as they were folded, the others folded now."""

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


def rollups_of_days(books: ReportSource, since: date, until: date) -> dict[date, Rollup]:
    """The rollups of the days from ``since`` up to and without ``until``; days that are open are folded from entries."""
    days = dict(books.rollups(since, until))
    closed = books.cursor("rollup")
    day = max(since, closed.date()) if closed else since
    while day < until:
        begin = datetime.combine(day, datetime.min.time(), UTC)
        days[day] = roll_up(books.entries(begin, begin + DAY), books.signals(begin, begin + DAY))
        day += DAY
    return days
