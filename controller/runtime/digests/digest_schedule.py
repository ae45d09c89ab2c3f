"""Computes which UTC days a digest reports. Each UTC day is in exactly one daily digest and in exactly one weekly digest.

A digest is sent at a local hour of a local day. Its last UTC day depends on that local day and on the zone's largest offset, not
on the offset of the day itself. With the latter, a change of daylight saving could report a day twice, or never.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from controller.policy.slack_settings import DigestTime

DAY = timedelta(days=1)
WEEK = 7 * DAY
PERIODS_MAX = 4  # days or weeks in one digest, after a long outage
_SAMPLE = timedelta(days=14)  # shorter than every daylight saving period; the shortest, in Ramadan, is four weeks


def last_due(at: DigestTime, length: timedelta, now: datetime) -> datetime:
    """The latest time (UTC), up to ``now``, at which a digest was due. ``length`` is a day or a week."""
    zone = ZoneInfo(at.timezone)
    day = now.astimezone(zone).date() + DAY
    while (due := _due(at, day, zone)) > now or (length == WEEK and day.weekday() != at.weekday):
        day -= DAY
    return due


def reported_until(at: DigestTime, due_at: datetime) -> date:
    """The first UTC day that the digest due at ``due_at`` does not report. All days before it are over."""
    zone = ZoneInfo(at.timezone)
    day = due_at.astimezone(zone).date() + DAY
    while _due(at, day, zone) > due_at:  # where the clock skips the digest's hour, such as 23:30, it is due after midnight
        day -= DAY
    wall = timedelta(hours=at.hour, minutes=at.minute)
    return day + (wall - _offset_max(at.timezone, day.year)) // DAY * DAY


def reported_days(at: DigestTime, length: timedelta, due_at: datetime, since: date) -> tuple[date, date]:
    """The first UTC day that a digest reports, and the first UTC day after those. Equal where there is nothing new to report.

    ``length`` is a day or a week. ``since`` is the first day that no digest has reported, even if the hour, weekday or zone was
    changed since. No day is reported twice. Days that earlier digests missed are included, up to four periods in all.
    """
    until = max(reported_until(at, due_at), since)
    return max(since, until - PERIODS_MAX * length), until


def _due(at: DigestTime, day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(at.hour, at.minute), zone).astimezone(UTC)


@lru_cache(maxsize=64)
def _offset_max(timezone: str, year: int) -> timedelta:
    """A zone's largest offset from UTC in ``year``, the year before and the year after. It changes only with the zone's rules."""
    zone, at, largest = ZoneInfo(timezone), datetime(year - 1, 1, 1, tzinfo=UTC), timedelta(days=-1)
    while at.year <= year + 1:
        largest = max(largest, at.astimezone(zone).utcoffset() or timedelta())
        at += _SAMPLE
    return largest
