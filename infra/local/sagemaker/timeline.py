"""A virtual clock and the steps that are scheduled on it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Protocol, TypeVar


class Timed(Protocol):
    """An owner of scheduled steps. `timer` is the number of its current timer; steps of older timers are ignored."""

    timer: int


T = TypeVar("T", bound=Timed)


class Timeline:
    """Scheduled steps in order of time. Of steps at the same time, the one that was scheduled first runs first."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._heap: list[tuple[datetime, int, Any, int, Callable[[Any], None]]] = []
        self._number = 0

    def next_at(self) -> datetime | None:
        """Return when the next step is due; None without one."""
        heap = self._heap
        while heap and heap[0][2].timer != heap[0][3]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def advance_to(self, at: datetime) -> None:
        """Run all steps that are due by a time, each with the clock at its own time, then set the clock to that time."""
        heap = self._heap
        while heap and heap[0][0] <= at:
            due_at, _, owner, timer, step = heapq.heappop(heap)
            if owner.timer == timer:
                self.now = max(self.now, due_at)
                step(owner)
        self.now = max(self.now, at)

    def set(self, owner: T, *candidates: tuple[datetime | None, Callable[[T], None]]) -> None:
        """Schedule the earliest of the candidates, and cancel all earlier steps of the owner. A candidate at None is ignored.

        Of candidates at the same time, the first is scheduled.
        """
        owner.timer += 1
        due = [candidate for candidate in candidates if candidate[0] is not None]
        if due:
            at, step = min(due, key=itemgetter(0))
            self.add(owner, at, step)

    def add(self, owner: T, at: datetime | None, step: Callable[[T], None]) -> None:
        """Schedule a further step. The next call of ``set`` cancels it. A step at None is ignored."""
        if at is not None:
            self._number += 1
            heapq.heappush(self._heap, (max(at, self.now), self._number, owner, owner.timer, step))


def to_ms(at: datetime) -> datetime:
    """The time, rounded down to milliseconds, as SageMaker stores times."""
    excess = at.microsecond % 1000
    return at.replace(microsecond=at.microsecond - excess) if excess else at


def aware_ms(at: datetime) -> datetime:
    """The time in UTC, rounded down to milliseconds. Raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError(f"wanted an aware time, found {at.isoformat()} without a zone")
    return to_ms(at if at.tzinfo is UTC else at.astimezone(UTC))
