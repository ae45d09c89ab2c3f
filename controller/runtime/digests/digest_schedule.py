"""Which UTC days a digest reports, when it is sent at a local hour: each UTC day in exactly one daily, and in one weekly.

A digest is sent at an hour of the local day D. It reports up to a UTC day that depends on D and on the zone, not on the offset of
that day: near midnight UTC, daylight saving would otherwise report one day of the year twice, and another one never.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from controller.policy.slack_settings import DigestTime

DAY = timedelta(days=1)
WEEK = 7 * DAY
PERIODS_MAX = 4  # a digest after a long outage reports at most so many periods at once
_SAMPLE = timedelta(days=14)  # shorter than every daylight saving period; the shortest, in Ramadan, is four weeks


def last_due(at: DigestTime, length: timedelta, now: datetime) -> datetime:
    """The last moment (UTC) up to ``now`` at which a digest of a day or a week was due: an hour of the local day."""
    zone = ZoneInfo(at.timezone)
    day = now.astimezone(zone).date() + DAY
    while (due := _due(at, day, zone)) > now or (length == WEEK and day.weekday() != at.weekday):
        day -= DAY
    return due


def reported_until(at: DigestTime, due_at: datetime) -> date:
    """The UTC day before which a digest that was due then reports. All days before it are over."""
    zone = ZoneInfo(at.timezone)
    day = due_at.astimezone(zone).date() + DAY
    while _due(at, day, zone) > due_at:  # where the clocks skip 23:30, that digest of the day before is due after midnight
        day -= DAY
    wall = timedelta(hours=at.hour, minutes=at.minute)
    return day + (wall - _offset_max(at.timezone, day.year)) // DAY * DAY


def reported_days(at: DigestTime, length: timedelta, due_at: datetime, since: date) -> tuple[date, date]:
    """The first UTC day that a digest reports, and the first that it does not.

    ``since`` is the first day that no digest has reported, whatever hour, weekday or zone the last one had. Days that were
    reported are not reported again, and days that were missed are reported with the next one, at most four periods at once. The
    two are equal where there is nothing new.
    """
    until = max(reported_until(at, due_at), since)
    return max(since, until - PERIODS_MAX * length), until


def _due(at: DigestTime, day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(at.hour, at.minute), zone).astimezone(UTC)


@lru_cache(maxsize=64)
def _offset_max(timezone: str, year: int) -> timedelta:
    """The largest offset of a zone from UTC, from the year before until the year after: the same each year of one law."""
    zone, at, largest = ZoneInfo(timezone), datetime(year - 1, 1, 1, tzinfo=UTC), timedelta(days=-1)
    while at.year <= year + 1:
        largest = max(largest, at.astimezone(zone).utcoffset() or timedelta())
        at += _SAMPLE
    return largest
