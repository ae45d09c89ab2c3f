"""What holds the controller back: a halt that somebody called, and a brake of so many acts an hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

HALT_LOOK = timedelta(minutes=5)  # how soon after a resume everything goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Nothing is stopped, submitted or announced until somebody resumes; findings and endings are booked all the same."""

    why: str
    who: str
    since: datetime
