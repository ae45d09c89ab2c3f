"""The port by which a job is found that does the same work as another."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from controller.jobs.work import Work


class Works(Protocol):
    """What jobs work on. Only commits write it, with the start of a job; it is remembered for 14 days."""

    def begun_since(self, work: Work, since: datetime) -> tuple[Work, ...]:
        """What jobs under the role of this one, created since then, work on; at most a few thousand, oldest first."""
