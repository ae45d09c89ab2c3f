"""Draws for each invocation, from a seed, when its process is killed."""

from __future__ import annotations

import random
import statistics
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.gate import Gates, Moment, Trap

CALLS_MAX = 12  # more than a usual invocation makes; with fewer calls, the process is not killed
FIRST_GUESS_S = 0.8


@dataclass(slots=True)
class Kills:
    """Decides about kills. A part ``share`` of the invocations is armed; some of them end before the kill."""

    seed: int
    share: float
    gates: Gates
    count: Counter[Moment] = field(default_factory=Counter)
    _random: random.Random = field(init=False)
    _took: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=20)))
    _timer: threading.Timer | None = None
    _moment: Moment | None = None

    def __post_init__(self) -> None:
        self._random = random.Random(f"chaos/{self.seed}")  # noqa: S311  # a scenario, not a secret

    def arm(self, function: str, kill: Callable[[], object]) -> None:
        """Draw whether and when this invocation is killed."""
        self._moment = None
        if self._random.random() >= self.share:
            return
        moment = self._moment = self._random.choice(list(Moment))
        calls, part = self._random.randint(1, CALLS_MAX), self._random.random()
        if moment is Moment.TIME:
            took = statistics.median(self._took[function]) if self._took[function] else FIRST_GUESS_S
            self._timer = threading.Timer(1.2 * part * took, kill)
            self._timer.daemon = True
            self._timer.start()
        else:
            self.gates.trap = Trap(moment, calls, kill)

    def disarm(self, function: str, seconds: float, *, died: bool) -> None:
        """Cancel a kill that has not happened by the end of the invocation."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self.gates.trap = None, None
        if died:
            if self._moment is not None:
                self.count[self._moment] += 1
        else:
            self._took[function].append(seconds)
