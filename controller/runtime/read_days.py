"""Reads the days of a period: closed ones as they were folded, the others folded now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from controller.runtime.ledger_ports import Journal
from controller.runtime.schedule_ports import MarketSignals, ReadDays
from controller.savings.rollup import Rollup, roll_up

DAY = timedelta(days=1)


class ReportSource(Protocol):
    """The part of the ledger that reports read."""

    @property
    def days(self) -> ReadDays: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def market_signals(self) -> MarketSignals: ...


def rollups_of_days(books: ReportSource, since: date, until: date) -> dict[date, Rollup]:
    """The rollups of the days from ``since`` up to and without ``until``; days that are open are folded from entries."""
    days = dict(books.days.rollups(since, until))
    closed = books.days.closed_until()
    day = max(since, closed.date()) if closed else since
    while day < until:
        begin = datetime.combine(day, datetime.min.time(), UTC)
        days[day] = roll_up(books.journal.entries(begin, begin + DAY), books.market_signals.signals(begin, begin + DAY))
        day += DAY
    return days
