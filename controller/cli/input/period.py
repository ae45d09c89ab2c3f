"""Reads a period: 2026-10, 2026-W41, a day, two days with .. between them, or "last month". Days are in UTC."""

from __future__ import annotations

import re
from datetime import date, timedelta

from controller.cli.output.errors import BadInput
from controller.units.calendar import month_start, next_month_start

DAY = timedelta(days=1)
ANY_DAY = date(2026, 1, 31)
WANTED = "2026-10, 2026-W41, 2026-10-05, 2026-10-01..2026-10-15, today, yesterday, or this or last week, month or year"


def period_of(text: str | None, today: date) -> tuple[date, date]:
    """The first day, and the day after the last; without a text, this month until today. Raises BadInput."""
    if text is None:
        return month_start(today), today + DAY
    said = " ".join(text.lower().replace("-", " ").replace("_", " ").split())
    try:
        if said in ("today", "yesterday") or said.partition(" ")[0] in ("this", "last"):
            return _in_words(said, today)
        if re.fullmatch(r"\d{4}-\d{2}", text):
            first = date.fromisoformat(f"{text}-01")
            return first, next_month_start(first)
        if re.fullmatch(r"\d{4}-W\d{2}", text):
            first = date.fromisoformat(f"{text}-1")
            return first, first + 7 * DAY
        since, dots, last = text.partition("..")
        first = date.fromisoformat(since)
        until = date.fromisoformat(last) + DAY if dots else first + DAY
    except (ValueError, OverflowError, KeyError):  # 9999-12 has no next month
        raise BadInput(f"--period: found {text!r}, wanted {WANTED}") from None
    if until <= first:
        raise BadInput(f"--period: {text!r} ends before it begins, wanted {WANTED}")
    return first, until


def refuse_bad_period(text: str | None) -> None:
    """Raise BadInput for a text that is not a period, before any call of AWS."""
    period_of(text, ANY_DAY)


def _in_words(said: str, today: date) -> tuple[date, date]:
    """The period for words such as "last week", which never ends after today. Raises KeyError for other words."""
    which, _, length = said.partition(" ")
    begins = {
        "": today if which == "today" else today - DAY,
        "week": today - today.weekday() * DAY,
        "month": month_start(today),
        "year": today.replace(month=1, day=1),
    }
    begin = begins[length]
    if which in ("today", "yesterday"):
        return begin, begin + DAY
    if which == "this" and length:
        return begin, today + DAY
    if which == "last" and length == "week":
        return begin - 7 * DAY, begin
    if which == "last" and length:
        before = begin - DAY
        return (month_start(before) if length == "month" else before.replace(month=1, day=1)), begin
    raise KeyError(said)
