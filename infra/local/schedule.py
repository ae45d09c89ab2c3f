"""Computes when EventBridge fires a schedule: rate(…) and the common part of cron(…), in UTC.

cron has six fields: minutes, hours, day-of-month, month, day-of-week, year. Supported are numbers, names of months and days, `*`,
`?`, ranges `a-b`, lists `a,b` and steps `*/n` or `a/n`, but not L, W and #. A rate counts from the epoch here, but from the
creation of the rule on AWS: the interval is the same, and the offset differs.
"""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta

MONTHS = {name: n for n, name in enumerate(calendar.month_abbr) if name}
DAYS = {name: n % 7 + 1 for n, name in enumerate(calendar.day_abbr, start=1)}  # EventBridge's week begins with SUN = 1
FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minutes", 0, 59, {}),
    ("hours", 0, 23, {}),
    ("day-of-month", 1, 31, {}),
    ("month", 1, 12, MONTHS),
    ("day-of-week", 1, 7, DAYS),
    ("year", 1970, 2199, {}),
)
UNIT_S = {"minute": 60, "hour": 3600, "day": 86400}
LOOK_AHEAD = timedelta(days=4 * 366)
Fields = tuple[frozenset[int], ...]


class UnknownSchedule(ValueError):
    """EventBridge does not accept the expression, or this module does not support it. The message names the wrong part."""


def check_expression(expression: str) -> None:
    """Raise UnknownSchedule if `next_fire` does not support the expression."""
    _rate_s(expression) if expression.startswith("rate(") else _fields(expression)


def next_fire(expression: str, after: datetime) -> datetime:
    """Return the first time after ``after`` (aware, UTC) at which the schedule fires.

    Raises UnknownSchedule, also for a schedule that does not fire within four years.
    """
    if expression.startswith("rate("):
        period_s = _rate_s(expression)
        passed = int(after.timestamp()) // period_s
        return datetime.fromtimestamp((passed + 1) * period_s, tz=after.tzinfo)
    return _next_cron(_fields(expression), after, expression)


def _rate_s(expression: str) -> int:
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)(s?)\)", expression)
    if found is None or int(found[1]) == 0:
        raise UnknownSchedule(f"{expression!r} is not rate(N minutes|hours|days)")
    if (found[1] == "1") == bool(found[3]):
        raise UnknownSchedule(f"{expression!r}: EventBridge requires a singular unit after 1, a plural one after any other")
    return int(found[1]) * UNIT_S[found[2]]


def _fields(expression: str) -> Fields:
    found = re.fullmatch(r"cron\((.*)\)", expression)
    words = found[1].split() if found else []
    if len(words) != len(FIELDS):
        raise UnknownSchedule(f"{expression!r} is neither rate(…) nor cron(…) with its six fields")
    if (words[2] == "?") == (words[4] == "?"):
        raise UnknownSchedule(f"{expression!r}: exactly one of day-of-month and day-of-week must be ?")
    return tuple(_values(word, *field) for word, field in zip(words, FIELDS, strict=True))


def _values(word: str, name: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    values: set[int] = set()
    for part in word.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        try:
            start = low if span in ("*", "?") else _number(first, names)
            one = span not in ("*", "?") and not step and not dash
            end = start if one else _number(last, names) if dash else high
            values.update(range(start, end + 1, int(step) if step else 1))
        except ValueError:
            raise UnknownSchedule(f"cron field {name} is {word!r}, which is not supported here") from None
    if not values or min(values) < low or max(values) > high:
        raise UnknownSchedule(f"cron field {name} is {word!r}, but must lie in {low}-{high}")
    return frozenset(values)


def _number(word: str, names: dict[str, int]) -> int:
    return names[word.title()] if word.title() in names else int(word)


def _next_cron(fields: Fields, after: datetime, expression: str) -> datetime:
    minutes, hours, days, months, weekdays, years = fields
    day = after.replace(hour=0, minute=0, second=0, microsecond=0)
    last_day = day + LOOK_AHEAD
    while day <= last_day:
        if day.month in months and day.year in years and day.day in days and day.isoweekday() % 7 + 1 in weekdays:
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    if (at := day.replace(hour=hour, minute=minute)) > after:
                        return at
        day += timedelta(days=1)
    raise UnknownSchedule(f"{expression!r} does not fire within four years")
