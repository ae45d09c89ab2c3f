"""Calendar periods in UTC: the hour of a rate limit, the month of a spend cap, the first day of a month."""

from __future__ import annotations

from datetime import date, datetime, timedelta


def next_hour(now: datetime) -> datetime:
    """When a rate limit starts to count from zero again: at the next full hour (UTC)."""
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def hour_key(now: datetime) -> str:
    """The hour of a rate limit, as ``2026-11-30T19``."""
    return f"{now:%Y-%m-%dT%H}"


def month_key(now: datetime) -> str:
    """The month of a spend cap, as ``2026-11``."""
    return f"{now:%Y-%m}"


def month_start(day: date) -> date:
    """The first day of the month of ``day``."""
    return day.replace(day=1)


def next_month_start(day: date) -> date:
    """The first day of the month after that of ``day``. Raises OverflowError for December 9999."""
    return month_start(month_start(day) + timedelta(days=31))
