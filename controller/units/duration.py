"""Durations: as people write them in a policy (90s, 15m, 48h or 7d) and as they read them (31 min, 2 h 5 min)."""

from __future__ import annotations

import re
from functools import lru_cache

from controller.units.plural import count

SECONDS_OF = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
DAYS_MAX = 365
DURATION = "a duration such as 90s, 15m, 48h or 7d"


class BadDuration(ValueError):
    """A text is no valid duration. The message contains what was found and what is wanted; ``wanted`` is only the latter."""

    def __init__(self, text: str, wanted: str = DURATION) -> None:
        super().__init__(f"found {text!r}, wanted {wanted}")
        self.wanted = wanted


def seconds(text: str) -> int:
    """The seconds of a duration: ASCII digits and one unit (s, m, h or d), at most 365 days. Raises BadDuration, a ValueError."""
    length_s = seconds_of_any_length(text)
    if length_s is None:
        raise BadDuration(text)
    if length_s > DAYS_MAX * SECONDS_OF["d"]:
        raise BadDuration(text, f"a duration of at most {DAYS_MAX}d")
    return length_s


def seconds_of_any_length(text: str) -> int | None:
    """The same without a limit; None for a text that is no duration."""
    parts = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    return int(parts[1]) * SECONDS_OF[parts[2]] if parts else None


def span(seconds: float) -> str:
    """Seconds as a duration for people: 45 s, 31 min, 2 h 5 min, 2 d 22 h. Rounded down to whole units."""
    whole = int(seconds)
    if whole < 2 * SECONDS_OF["m"]:
        return f"{whole} s"
    if whole < 2 * SECONDS_OF["h"] and whole % SECONDS_OF["h"]:
        return f"{whole // SECONDS_OF['m']} min"
    if whole < 2 * SECONDS_OF["d"]:
        hours, minutes = divmod(whole // SECONDS_OF["m"], 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(whole // SECONDS_OF["h"], 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


WORDS = ((SECONDS_OF["d"], "day"), (SECONDS_OF["h"], "hour"), (SECONDS_OF["m"], "minute"))


@lru_cache(maxsize=1_024)
def said(seconds: int) -> str:
    """A limit in words and in SageMaker's seconds: 5 days (432000 s), 1 hour 30 minutes (5400 s), 3601 s.

    Only seconds, where words would need more than two units.
    """
    rest, words = seconds, []
    for length_s, word in WORDS:
        number, rest = divmod(rest, length_s)
        if number:
            words.append(count(number, word))
    if rest or not words or len(words) > 2:
        return f"{seconds} s"
    return f"{' '.join(words)} ({seconds} s)"
