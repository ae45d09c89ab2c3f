"""A month's forecast is the mean of its days so far, with a range; too few days give none."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from controller.savings.attempt_savings import Savings
from controller.savings.forecast import DAY, Forecast, forecast_of

MARCH = date(2026, 3, 1)


def days(*spent: int, first: date = MARCH) -> list[tuple[date, Savings]]:
    return [
        (first + n * DAY, Savings(attempts=1 if micros else 0, spent_micros=micros, counterfactual_micros=3 * micros))
        for n, micros in enumerate(spent)
    ]


def test_every_day_like_the_days_so_far_gives_the_month_without_a_range() -> None:
    found = forecast_of(days(*[10] * 10), MARCH, MARCH + 10 * DAY)
    assert found == Forecast(
        month=MARCH, known_days=10, spent_micros=310, spent_low_micros=310, spent_high_micros=310, saved_micros=620
    )  # fmt: skip


def test_uneven_days_give_a_range_that_is_never_below_what_is_spent() -> None:
    found = forecast_of(days(0, 0, 100, 0, 0, 100, 100, 0), MARCH, MARCH + 8 * DAY)
    assert found is not None
    spread = 1.645 * 51.7549 * 23**0.5  # the standard deviation of these days; 23 days are left
    assert (found.spent_micros, found.spent_high_micros) == (300 + round(23 * 37.5), round(300 + 23 * 37.5 + spread))
    assert found.spent_low_micros == round(300 + 23 * 37.5 - spread)
    last_but_one = forecast_of(days(*[0] * 27, 1, 1, 1000), MARCH, MARCH + 30 * DAY)
    assert last_but_one is not None
    assert last_but_one.spent_low_micros == 1002


@pytest.mark.parametrize(
    ("spent", "since", "length"),
    [
        ([10] * 6, MARCH, 6),
        ([10, 10, 0, 0, 0, 0, 0], MARCH, 7),
        ([10] * 10, MARCH + DAY, 9),
        ([10] * 31, MARCH, 31),
        ([10] * 10, MARCH, 0),
    ],
)
def test_too_few_days_another_first_day_and_a_whole_month_have_no_forecast(spent: list[int], since: date, length: int) -> None:
    assert forecast_of(days(*spent), since, since + timedelta(days=length)) is None


def test_seven_days_with_three_of_training_are_enough() -> None:
    assert forecast_of(days(10, 10, 10, 0, 0, 0, 0), MARCH, MARCH + 7 * DAY) is not None


FEBRUARY, LEAP = date(2026, 2, 1), date(2028, 2, 1)


@pytest.mark.parametrize(
    ("month", "until", "today", "spent", "known", "total"),
    [
        (MARCH, date(2026, 3, 11), date(2026, 3, 10), [10] * 9 + [2], 9, 310),  # the report of a month so far
        (MARCH, date(2026, 4, 1), date(2026, 3, 10), [10] * 9 + [2], 9, 310),  # the whole month, before it is over
        (MARCH, date(2026, 4, 1), date(2026, 3, 31), [10] * 30 + [1], 30, 310),  # on its last day
        (MARCH, date(2026, 4, 1), date(2026, 3, 31), [10] * 30 + [700], 30, 1000),  # never less than what is spent
        (MARCH, date(2026, 3, 11), date(2026, 3, 11), [10] * 10, 10, 310),  # just after midnight (UTC)
        (FEBRUARY, date(2026, 2, 11), date(2026, 2, 10), [10] * 9 + [2], 9, 280),
        (LEAP, date(2028, 3, 1), date(2028, 2, 28), [10] * 28, 27, 290),
        (date(2026, 12, 1), date(2027, 1, 1), date(2026, 12, 8), [10] * 8, 7, 310),
    ],
)
def test_a_day_that_is_not_over_is_forecast_and_not_counted_as_a_whole_one(
    month: date, until: date, today: date, spent: list[int], known: int, total: int
) -> None:
    found = forecast_of(days(*spent, first=month), month, until, today)
    assert found is not None
    assert (found.known_days, found.spent_micros) == (known, total)
    assert found.spent_low_micros <= found.spent_micros <= found.spent_high_micros
    assert found.spent_low_micros >= sum(spent)


@pytest.mark.parametrize(
    ("until", "today"),
    [
        (date(2026, 3, 2), MARCH),  # its first day
        (date(2026, 4, 1), MARCH),
        (date(2026, 3, 8), date(2026, 3, 7)),  # six whole days
        (date(2026, 4, 1), date(2026, 4, 1)),  # the month is over
        (date(2026, 3, 11), date(2026, 4, 1)),  # a part of a month that is over
        (date(2026, 4, 1), date(2026, 2, 20)),  # it has not begun
        (date(2026, 4, 11), date(2026, 3, 11)),  # two months
    ],
)
def test_the_first_days_and_a_month_that_is_over_have_no_forecast(until: date, today: date) -> None:
    assert forecast_of(days(*[10] * 31), MARCH, until, today) is None


def test_a_month_with_one_day_of_training_has_no_forecast() -> None:
    assert forecast_of(days(*[0] * 9, 500, *[0] * 10), MARCH, date(2026, 4, 1), date(2026, 3, 21)) is None
