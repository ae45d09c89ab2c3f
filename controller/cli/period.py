"""A period as people type it: 2026-10, 2026-W41, 2026-10-05 or 2026-10-01..2026-10-15 (days, UTC)."""

from __future__ import annotations

import re
from datetime import date, timedelta

from controller.cli.errors import BadInput

DAY = timedelta(days=1)
WANTED = "2026-10, 2026-W41, 2026-10-05 or 2026-10-01..2026-10-15"


def period_of(text: str, today: date) -> tuple[date, date]:
    """The first day, and the day after the last; this month so far for an empty text. Raises BadInput."""
    if not text:
        return today.replace(day=1), today + DAY
    try:
        if re.fullmatch(r"\d{4}-\d{2}", text):
            first = date.fromisoformat(f"{text}-01")
            return first, (first + timedelta(days=31)).replace(day=1)
        if re.fullmatch(r"\d{4}-W\d{2}", text):
            first = date.fromisoformat(f"{text}-1")
            return first, first + 7 * DAY
        since, dots, last = text.partition("..")
        first = date.fromisoformat(since)
        until = date.fromisoformat(last) + DAY if dots else first + DAY
    except (ValueError, OverflowError):  # 9999-12 has no next month
        raise BadInput(f"--period: found {text!r}, wanted {WANTED}") from None
    if until <= first:
        raise BadInput(f"--period: {text!r} ends before it begins, wanted {WANTED}")
    return first, until
