"""A virtual clock and what is due on it: a heap of moments, no ticking."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from typing import Any, Protocol, TypeVar


class Timed(Protocol):
    """Anything that something can be due for; `timer` is the number of the timer that counts, older ones are void."""

    timer: int


T = TypeVar("T", bound=Timed)


class Timeline:
    """What will happen, to whom, in order; at equal moments what was arranged first happens first."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._heap: list[tuple[datetime, int, Any, int, Callable[[Any], None]]] = []
        self._number = 0

    def next_at(self) -> datetime | None:
        """Say when something happens next, if nobody interferes."""
        heap = self._heap
        while heap and heap[0][2].timer != heap[0][3]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def advance_to(self, at: datetime) -> None:
        """Let everything happen that is due by then, each at its own moment."""
        heap = self._heap
        while heap and heap[0][0] <= at:
            due_at, _, whom, timer, step = heapq.heappop(heap)
            if whom.timer == timer:
                self.now = max(self.now, due_at)
                step(whom)
        self.now = max(self.now, at)

    def set(self, whom: T, *candidates: tuple[datetime | None, Callable[[T], None]]) -> None:
        """Arrange the earliest of what may happen to somebody, instead of all that was arranged before; None never happens.

        Of two at the same moment the first counts.
        """
        whom.timer += 1
        due = [candidate for candidate in candidates if candidate[0] is not None]
        if due:
            at, step = min(due, key=itemgetter(0))
            self.add(whom, at, step)

    def add(self, whom: T, at: datetime | None, step: Callable[[T], None]) -> None:
        """Arrange something beside the timer; it is void as soon as the timer is set again."""
        if at is not None:
            self._number += 1
            heapq.heappush(self._heap, (max(at, self.now), self._number, whom, whom.timer, step))


def to_ms(at: datetime) -> datetime:
    """Cut a moment to the milliseconds in which SageMaker counts."""
    excess = at.microsecond % 1000
    return at.replace(microsecond=at.microsecond - excess) if excess else at
