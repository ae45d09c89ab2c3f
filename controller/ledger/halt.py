"""A halt: a person stops the controller from acting until somebody resumes it."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.units.free_text import one_line
from controller.units.value import dataclass

WHY_MAX = 500  # characters
WHO_MAX = 100
HALT_LOOK = timedelta(minutes=5)  # how long a halt puts an intent off each time, so at most this long after a resume


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Nothing is stopped, submitted or announced until somebody resumes. Findings and outcomes are still recorded.

    ``why`` and ``who`` are text that people typed; ``since`` is when the halt began.
    """

    why: str
    who: str
    since: datetime


def halt_of(*, why: str, who: str, since: datetime) -> Halt:
    """A halt with the reason and name that a person typed: each on one line, cut to a limit, without control characters."""
    return Halt(why=one_line(why, WHY_MAX), who=one_line(who, WHO_MAX), since=since)
