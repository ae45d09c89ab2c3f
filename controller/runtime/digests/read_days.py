"""Reads the rollups of a period: stored ones of closed days, and new ones of open days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from controller.runtime.ports.ledger import Journal
from controller.runtime.ports.schedule import MarketSignals, ReadDays
from controller.savings.dated_prices import RateOf, with_prices
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


def rollups_of_days(source: ReportSource, since: date, until: date, rate_of: RateOf) -> dict[date, Rollup]:
    """The rollups of the UTC days ``since`` … before ``until``. Open days are rolled up from their entries. Raises Unreachable.

    ``rate_of`` gives prices to attempts that had none when they were recorded.
    """
    days = dict(source.days.rollups(since, until))
    closed = source.days.closed_until()
    day = max(since, closed.date()) if closed else since
    while day < until:
        begin = datetime.combine(day, datetime.min.time(), UTC)
        entries = with_prices(source.journal.entries(begin, begin + DAY), rate_of)
        heard = source.market_signals
        days[day] = roll_up(entries, heard.signals(begin, begin + DAY), heard.refused(begin, begin + DAY))
        day += DAY
    return days
