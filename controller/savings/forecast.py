"""How a month ends if its remaining days are like those so far: an estimate with its range.

Where too little is known there is no forecast.
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
DAYS_LEAST = 7  # a week has every weekday
USED_LEAST = 3  # days with training: of one or two days nothing follows
Z_90 = 1.645  # of a normal distribution: 90 % lie within so many standard deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The month's totals, and the range of what is spent that holds in nine of ten months of independent days."""

    month: date
    known_days: int
    spent_micros: Micros
    spent_low_micros: Micros
    spent_high_micros: Micros
    saved_micros: Micros


def forecast_of(days: Sequence[tuple[date, Savings]], since: date, until: date, today: date | None = None) -> Forecast | None:
    """The forecast of the month that begins ``since``, from its whole days before ``until``.

    ``today`` is not over: it is forecast like the days to come, and the month costs no less than what is spent so far. None
    where the period is not a part of one month from its first day, where the month is over, or where less than a week or less
    than three days with training are known.
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
    """Whether a period is a month so far, or a month that is not over: of these, people expect a forecast."""
    end = next_month_start(since)
    return since == month_start(since) and since <= today < end and until <= end
