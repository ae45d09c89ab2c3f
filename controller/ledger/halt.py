"""What keeps the controller from acting: a halt that a person started, and rate limits per hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.units.free_text import one_line
from controller.units.value import dataclass

WHY_MAX = 500  # characters
WHO_MAX = 100
HALT_LOOK = timedelta(minutes=5)  # how soon after a resume everything continues


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Nothing is stopped, submitted or announced until somebody resumes. Findings and outcomes are still recorded."""

    why: str
    who: str
    since: datetime


def halt_of(*, why: str, who: str, since: datetime) -> Halt:
    """A halt with what a person typed as its reason and name: on one line, without control characters, of bounded length."""
    return Halt(why=one_line(why, WHY_MAX), who=one_line(who, WHO_MAX), since=since)
