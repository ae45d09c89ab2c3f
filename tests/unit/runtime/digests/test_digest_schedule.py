"""Each UTC day is in exactly one daily digest and in one weekly one, in every zone, at every half hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.policy.slack_settings import DigestTime
from controller.runtime.digests.digest_schedule import DAY, PERIODS_MAX, WEEK, last_due, reported_days, reported_until

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
HALF_HOURS = [(hour, minute) for hour in range(24) for minute in (0, 30)]
HOUR = timedelta(hours=1)
TEN_YEARS = (datetime(2016, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


def digest_time(timezone: str, hour: int, minute: int) -> DigestTime:
    return DigestTime(hour=hour, minute=minute, timezone=timezone, weekday=0)


def check(at: DigestTime, length: timedelta, begin: datetime, end: datetime) -> None:
    """Send every digest of a period, and check that the reported days follow each other without a gap or an overlap."""
    before = last_due(at, length, begin)
    expected = reported_until(at, before)
    due_at = before
    while due_at < end:
        due_at = last_due(at, length, due_at + length + timedelta(hours=3))
        since, until = reported_days(at, length, due_at, expected)
        assert since == expected, f"{at} at {due_at}: reports from {since}, wanted {expected}"
        assert until <= due_at.date(), f"{at} at {due_at}: {until} is not over"
        assert until - since <= length + DAY, f"{at} at {due_at}: reports {until - since}"
        expected = until


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), st.sampled_from(HALF_HOURS), st.sampled_from([DAY, WEEK]), st.integers(2016, 2034))
def test_every_day_is_reported_exactly_once(zone: str, wall: tuple[int, int], length: timedelta, year: int) -> None:
    check(digest_time(zone, *wall), length, datetime(year, 1, 1, tzinfo=UTC), datetime(year + 2, 1, 1, tzinfo=UTC))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("zone", "hour", "minute"),
    [
        ("America/Los_Angeles", 16, 30), ("Europe/London", 0, 30), ("Europe/Berlin", 1, 30), ("Africa/Casablanca", 0, 30),
        ("Australia/Lord_Howe", 10, 30), ("Pacific/Apia", 13, 30), ("Asia/Pyongyang", 9, 0), ("America/Sao_Paulo", 21, 30),
        ("Asia/Kathmandu", 5, 30), ("Pacific/Kiritimati", 14, 0), ("Africa/Juba", 2, 30), ("America/Scoresbysund", 23, 0),
        ("America/Nuuk", 22, 30), ("Antarctica/Troll", 2, 30),
    ],
)  # fmt: skip
@pytest.mark.parametrize("length", [DAY, WEEK])
def test_every_day_of_ten_years_is_reported_once_in_zones_near_midnight_utc(
    zone: str, hour: int, minute: int, length: timedelta
) -> None:
    check(digest_time(zone, hour, minute), length, *TEN_YEARS)


@pytest.mark.parametrize(("zone", "hour", "minute"), [("America/Los_Angeles", 16, 30), ("Europe/London", 0, 30)])
def test_each_digest_reports_one_day_even_at_a_change_of_daylight_saving(zone: str, hour: int, minute: int) -> None:
    at = digest_time(zone, hour, minute)
    before = last_due(at, DAY, datetime(2026, 1, 2, tzinfo=UTC))
    reported = reported_until(at, before)
    for _ in range(365):
        before = last_due(at, DAY, before + DAY + timedelta(hours=3))
        since, until = reported_days(at, DAY, before, reported)
        assert (since, until) == (reported, reported + DAY)
        reported = until


def test_a_digest_reports_yesterday_where_yesterday_is_over() -> None:
    at = digest_time("America/Los_Angeles", 9, 0)
    assert reported_until(at, last_due(at, DAY, datetime(2026, 7, 15, 20, tzinfo=UTC))).isoformat() == "2026-07-15"


def test_days_that_an_outage_missed_are_reported_with_the_next_digest_up_to_a_limit() -> None:
    at, now = digest_time("UTC", 9, 0), datetime(2026, 7, 15, 10, tzinfo=UTC)
    since, until = reported_days(at, DAY, last_due(at, DAY, now), now.date() - 3 * DAY)
    assert until - since == 3 * DAY
    since, until = reported_days(at, DAY, last_due(at, DAY, now), now.date() - 90 * DAY)
    assert until - since == PERIODS_MAX * DAY


SETTINGS = [
    DigestTime(hour=hour, minute=minute, timezone=zone, weekday=weekday)
    for zone, hour, minute, weekday in (
        ("UTC", 0, 0, 0), ("UTC", 23, 30, 6), ("America/Los_Angeles", 16, 30, 2), ("America/Los_Angeles", 17, 0, 0),
        ("Europe/London", 0, 30, 4), ("Australia/Lord_Howe", 2, 15, 6), ("Antarctica/Troll", 1, 30, 5),
        ("Pacific/Kiritimati", 14, 0, 0), ("Pacific/Pago_Pago", 13, 0, 1), ("Asia/Kathmandu", 5, 45, 3),
        ("Pacific/Chatham", 2, 50, 3),
    )
]  # fmt: skip


@given(
    st.lists(st.tuples(st.sampled_from(SETTINGS), st.integers(0, 200)), min_size=2, max_size=4),
    st.sampled_from(["day", "week"]),
    st.integers(0, 8_000),
)
def test_each_day_is_reported_once_whatever_hour_weekday_or_zone_the_policy_changes_to(
    edits: list[tuple[DigestTime, int]], period: str, start_h: int
) -> None:
    """The function runs at irregular times, under policies that change after some hours; the last policy stays for nine days."""
    length, now = {"day": DAY, "week": WEEK}[period], datetime(2026, 1, 1, tzinfo=UTC) + start_h * HOUR
    first = until = reported_until(edits[0][0], last_due(edits[0][0], length, now))
    queued_at, told = now, [first]
    for at, hours in [*edits, (edits[-1][0], 24 * 9)]:
        for _ in range(0, hours, 5):
            now += 5 * HOUR
            due_at = last_due(at, length, now)
            if queued_at >= due_at:
                continue
            since, end = reported_days(at, length, due_at, until)
            assert (since, end <= now.date()) == (until, True)
            told, queued_at, until = [*told, end], now, end
    assert told == sorted(told)
    assert until >= now.date() - length - 2 * DAY
