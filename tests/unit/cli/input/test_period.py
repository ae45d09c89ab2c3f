"""Periods are read as people type them."""

from __future__ import annotations

from datetime import date

import pytest

from controller.cli.input.period import period_of
from controller.cli.output.errors import BadInput

TODAY = date(2026, 10, 20)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        (None, "2026-10-01", "2026-10-21"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026-W41", "2026-10-05", "2026-10-12"),
        ("2026-10-05", "2026-10-05", "2026-10-06"),
        ("2026-10-01..2026-10-15", "2026-10-01", "2026-10-16"),
    ],
)
def test_a_period_is_read(text: str | None, since: str, until: str) -> None:
    assert [day.isoformat() for day in period_of(text, TODAY)] == [since, until]


@pytest.mark.parametrize("text", ["", " ", "October", "2026-13", "2026-W60", "2026-10-32", "2026-10-05..2026-10-01", "2026"])
def test_a_bad_period_says_what_was_found_and_wanted(text: str) -> None:
    with pytest.raises(ValueError, match=r"--period: .*wanted 2026-10, 2026-W41"):
        period_of(text, TODAY)


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("last month", date(2026, 10, 1), date(2026, 11, 1)),
        ("Last-Month", date(2026, 10, 1), date(2026, 11, 1)),
        ("this month", date(2026, 11, 1), date(2026, 11, 30)),
        ("last week", date(2026, 11, 16), date(2026, 11, 23)),
        ("this week", date(2026, 11, 23), date(2026, 11, 30)),
        ("last year", date(2025, 1, 1), date(2026, 1, 1)),
        ("yesterday", date(2026, 11, 28), date(2026, 11, 29)),
        ("today", date(2026, 11, 29), date(2026, 11, 30)),
    ],
)
def test_a_period_can_be_said_in_words(text: str, first: date, after: date) -> None:
    assert period_of(text, date(2026, 11, 29)) == (first, after)


@pytest.mark.parametrize("text", ["last", "this", "last moth", "today week", "next month", "last month ago"])
def test_other_words_are_not_a_period(text: str) -> None:
    with pytest.raises(BadInput, match="wanted 2026-10"):
        period_of(text, date(2026, 11, 29))
