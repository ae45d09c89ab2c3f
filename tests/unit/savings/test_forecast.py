"""A month's forecast is the mean of its days so far, with a range; too few days give none."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from controller.savings.attempt_savings import Savings
from controller.savings.forecast import DAY, Forecast, forecast_of

MARCH = date(2026, 3, 1)


def days(*spent: int) -> list[tuple[date, Savings]]:
    return [
        (MARCH + n * DAY, Savings(attempts=1 if micros else 0, spent_micros=micros, counterfactual_micros=3 * micros))
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
