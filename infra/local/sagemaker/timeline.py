"""A virtual clock and the steps that are scheduled on it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Protocol, TypeVar


class Timed(Protocol):
    """An owner of scheduled steps. `timer` is the number of its current timer; steps of older timers are void."""

    timer: int


T = TypeVar("T", bound=Timed)


class Timeline:
    """Scheduled steps in order of time. At equal times, the step that was scheduled first runs first."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._heap: list[tuple[datetime, int, Any, int, Callable[[Any], None]]] = []
        self._number = 0

    def next_at(self) -> datetime | None:
        """Return when the next step is due; None when nothing is scheduled."""
        heap = self._heap
        while heap and heap[0][2].timer != heap[0][3]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def advance_to(self, at: datetime) -> None:
        """Run every step that is due by then, each at its own time."""
        heap = self._heap
        while heap and heap[0][0] <= at:
            due_at, _, owner, timer, step = heapq.heappop(heap)
            if owner.timer == timer:
                self.now = max(self.now, due_at)
                step(owner)
        self.now = max(self.now, at)

    def set(self, owner: T, *candidates: tuple[datetime | None, Callable[[T], None]]) -> None:
        """Schedule the earliest of the candidates, in place of everything scheduled for the owner before. None never happens.

        Of two candidates at the same time, the first counts.
        """
        owner.timer += 1
        due = [candidate for candidate in candidates if candidate[0] is not None]
        if due:
            at, step = min(due, key=itemgetter(0))
            self.add(owner, at, step)

    def add(self, owner: T, at: datetime | None, step: Callable[[T], None]) -> None:
        """Schedule a step beside the timer; it is void as soon as the timer is set again."""
        if at is not None:
            self._number += 1
            heapq.heappush(self._heap, (max(at, self.now), self._number, owner, owner.timer, step))


def to_ms(at: datetime) -> datetime:
    """Cut a time to the milliseconds in which SageMaker counts."""
    excess = at.microsecond % 1000
    return at.replace(microsecond=at.microsecond - excess) if excess else at


def aware_ms(at: datetime) -> datetime:
    """The same in UTC. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"wanted an aware time, found {at.isoformat()} without a zone")
    return to_ms(at if at.tzinfo is UTC else at.astimezone(UTC))
