"""The port of policy revisions: which one is in force, and since when. All raise Unreachable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionInForce:
    """The current policy revision, and since when it is in force."""

    revision: str
    since: datetime


class Revisions(Protocol):
    """Since when the current policy revision is in force."""

    def in_force_at(self, revision: str, now: datetime) -> datetime:
        """Since when this revision is the current one: since ``now``, if another one was before.

        A revision is in force in intervals. One that comes back after another, such as by a rollback, begins a new interval.
        """

    def current(self) -> RevisionInForce | None:
        """The revision that a function used last; None before the first."""
