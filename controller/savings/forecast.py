"""Forecasts what a month will cost and save if its remaining days are like those so far: an estimate with a range.

There is no forecast if too few days are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from math import sqrt
from statistics import mean, stdev

from controller.savings.attempt_savings import Savings
from controller.units.calendar import month_start, next_month_start
from controller.units.money import Micros
from controller.units.value import dataclass

DAY = timedelta(days=1)
DAYS_LEAST = 7  # known days: a week contains every weekday
USED_LEAST = 3  # days with training: one or two are not enough for an estimate
Z_90 = 1.645  # 90 % of a normal distribution lie within so many standard deviations of its mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a whole month will cost and save, by the mean of its ``known_days``.

    The cost is between ``spent_low_micros`` and ``spent_high_micros`` in nine of ten months, if days are independent.
    """

    month: date
    known_days: int
    spent_micros: Micros
    spent_low_micros: Micros
    spent_high_micros: Micros
    saved_micros: Micros


def forecast_of(days: Sequence[tuple[date, Savings]], since: date, until: date, today: date | None = None) -> Forecast | None:
    """The forecast of the month that begins with ``since``, from its whole days before ``until``.

    ``today`` is not over, so it is forecast like later days; the month costs at least what is spent so far. None if the period
    does not begin with a month and end within it, if the month is over, or if fewer than seven days, or fewer than three days
    with training, are known.
    """
    end = next_month_start(since)
    whole = until if today is None else min(until, today)
    if since != month_start(since) or until > end or not since < whole < end or (today is not None and today >= end):
        return None
    known = dict(days)
    of_days = [known.get(since + n * DAY, Savings()) for n in range((whole - since).days)]
    if len(of_days) < DAYS_LEAST or sum(one.attempts > 0 for one in of_days) < USED_LEAST:
        return None
    left = (end - whole).days
    so_far = sum(one.spent_micros for day, one in days if since <= day < until)
    spent, saved = [one.spent_micros for one in of_days], [one.saved_micros for one in of_days]
    total = max(sum(spent) + left * mean(spent), so_far)
    spread = Z_90 * stdev(spent) * sqrt(left)
    return Forecast(
        month=since, known_days=len(of_days), spent_micros=round(total), saved_micros=round(sum(saved) + left * mean(saved)),
        spent_low_micros=max(round(total - spread), so_far), spent_high_micros=round(total + spread),
    )  # fmt: skip


def is_part_of_open_month(since: date, until: date, today: date) -> bool:
    """Whether a period begins with a month that is not over, and ends within it: for such a period, people expect a forecast."""
    end = next_month_start(since)
    return since == month_start(since) and since <= today < end and until <= end
