"""Schedules fire when EventBridge would."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from infra.local.schedule import UnknownSchedule, next_fire

SUNDAY = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("rate(1 minute)", "2026-11-22T12:01:00"),
        ("rate(5 minutes)", "2026-11-22T12:05:00"),
        ("rate(1 hour)", "2026-11-22T13:00:00"),
        ("rate(1 day)", "2026-11-23T00:00:00"),
        ("cron(0 8 * * ? *)", "2026-11-23T08:00:00"),
        ("cron(15,45 12 * * ? *)", "2026-11-22T12:15:00"),
        ("cron(0/20 12 * * ? *)", "2026-11-22T12:20:00"),
        ("cron(0 8 ? * MON *)", "2026-11-23T08:00:00"),
        ("cron(0 8 ? * 1 *)", "2026-11-29T08:00:00"),
        ("cron(0 8 ? * MON-FRI *)", "2026-11-23T08:00:00"),
        ("cron(0 0 1 JAN ? *)", "2027-01-01T00:00:00"),
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00:00"),
    ],
)
def test_the_next_firing_is_the_first_strictly_after(expression: str, wanted: str) -> None:
    assert next_fire(expression, SUNDAY) == datetime.fromisoformat(wanted).replace(tzinfo=UTC)


def test_a_firing_is_followed_by_the_next_one_and_not_by_itself() -> None:
    first = next_fire("cron(0 8 * * ? *)", SUNDAY)
    assert (next_fire("cron(0 8 * * ? *)", first) - first).days == 1


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("every minute", r"neither rate\(…\) nor cron\(…\)"),
        ("rate(1 minutes)", "singular unit after 1"),
        ("rate(0 minutes)", r"not rate\(N minutes\|hours\|days\)"),
        ("cron(0 8 * * *)", "six fields"),
        ("cron(0 8 * * * *)", r"exactly one of day-of-month and day-of-week must be \?"),
        ("cron(0 25 * * ? *)", "field hours is '25', but must lie in 0-23"),
        ("cron(0 8 L * ? *)", "field day-of-month is 'L'"),
        ("cron(0 0 31 2 ? *)", "does not fire within four years"),
    ],
)
def test_a_schedule_that_eventbridge_or_this_reader_does_not_know_is_refused(expression: str, why: str) -> None:
    with pytest.raises(UnknownSchedule, match=why):
        next_fire(expression, SUNDAY)
