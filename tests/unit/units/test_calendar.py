"""Hours and months are those of UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from controller.units.calendar import hour_key, month_key, month_start, next_hour, next_month_start


@pytest.mark.parametrize(
    ("now", "hour", "then"),
    [
        (datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC), "2026-02-28T23", datetime(2026, 3, 1, tzinfo=UTC)),
        (datetime(2026, 12, 31, 9, 0, 0, 1, tzinfo=UTC), "2026-12-31T09", datetime(2026, 12, 31, 10, tzinfo=UTC)),
        (datetime(2026, 3, 29, 1, tzinfo=UTC), "2026-03-29T01", datetime(2026, 3, 29, 2, tzinfo=UTC)),
    ],
)
def test_a_rate_limit_counts_from_zero_at_the_next_full_hour(now: datetime, hour: str, then: datetime) -> None:
    assert (hour_key(now), next_hour(now)) == (hour, then)


def test_a_month_has_a_key_and_a_first_day() -> None:
    assert month_key(datetime(2026, 2, 28, 23, 59, tzinfo=UTC)) == "2026-02"
    assert month_start(date(2026, 2, 28)) == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("day", "then"),
    [
        (date(2026, 1, 1), date(2026, 2, 1)),
        (date(2026, 1, 31), date(2026, 2, 1)),
        (date(2026, 2, 28), date(2026, 3, 1)),
        (date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_the_next_month_begins_after_a_month_of_any_length(day: date, then: date) -> None:
    assert next_month_start(day) == then
