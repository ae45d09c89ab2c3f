"""Runs functions at the same time on one virtual clock: each call takes time, and a function may be killed at each call.

Each function runs in a greenlet. A call suspends its greenlet before it is sent (the function may stall), and again until its
response arrives. In between, the call takes effect, even if its function was killed. The function with the earliest time runs
next. So up to four functions interleave at each call, in an order that only the seed decides.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

from tests.simulation.faults import Faults

AT_ONCE = 4
TIMEOUT = timedelta(seconds=45)

T = TypeVar("T")


class Killed(BaseException):
    """The function was killed."""


@dataclass(slots=True, eq=False)
class Invocation:
    """One run of a function."""

    number: int
    name: str
    run: Callable[[], object]
    ended: Callable[[BaseException | None], None]
    started_at: datetime
    thread: Any = None

    @property
    def ends_at(self) -> datetime:
        return self.started_at + TIMEOUT


@dataclass(slots=True)
class Call:
    """A call that was sent. Its result or its exception is stored here when it takes effect."""

    answer: Any = None
    problem: Exception | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log. Its text is formatted only when the log is printed."""

    at: datetime
    who: str
    what: object
    call: Call | None = None

    def __str__(self) -> str:
        text = "" if self.call is None else repr(self.call.problem or self.call.answer)
        return f"{self.at:%d %H:%M:%S.%f}"[:-3] + f"  {self.who:24} {self.what}" + (f" → {text[:200]}" if text else "")


@dataclass(slots=True)
class Lambdas:
    """The clock, the steps that are scheduled on it, and the functions that run."""

    now: datetime
    faults: Faults
    rng: Random
    before_effect: Callable[[datetime], object]  # advances the world to the time at which a call takes effect
    log: list[Line] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    running: list[Invocation] = field(default_factory=list)
    queue: deque[Invocation] = field(default_factory=deque)
    down: bool = False  # whether all calls to SageMaker fail
    tags_down: bool = False  # whether only ListTags fails
    s3_down: bool = False  # whether S3 does not respond
    _heap: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)
    _count: int = 0
    _hub: Any = field(default_factory=getcurrent)
    _current: Invocation | None = None

    @property
    def current(self) -> Invocation | None:
        """The function that runs now."""
        return self._current

    # The clock.

    def at(self, when: datetime, act: Callable[[], object]) -> None:
        """Schedule a step. Of two steps at one time, the one that was scheduled first runs first."""
        self._count += 1
        heapq.heappush(self._heap, (max(when, self.now), self._count, act))

    def next_at(self) -> datetime | None:
        return self._heap[0][0] if self._heap else None

    def step(self) -> None:
        """Run the next step."""
        when, _, act = heapq.heappop(self._heap)
        self.now = max(self.now, when)
        act()

    @property
    def idle(self) -> bool:
        return not self.running and not self.queue

    # Functions.

    def invoke(self, name: str, run: Callable[[], object], ended: Callable[[BaseException | None], None]) -> None:
        """Run a function now, or when fewer than four run. ``ended`` is called with its exception, or None if it returned."""
        self._count += 1
        self.queue.append(Invocation(self._count, name, run, ended, self.now))
        self._start()

    def _start(self) -> None:
        while self.queue and len(self.running) < AT_ONCE:
            invocation = self.queue.popleft()
            invocation.started_at = self.now
            invocation.thread = greenlet(self._live, parent=self._hub)
            self.running.append(invocation)
            self.at(self.now + timedelta(milliseconds=self.rng.randrange(400)), partial(self._resume, invocation, invocation))

    def _live(self, invocation: Invocation) -> None:
        problem: BaseException | None = None
        try:
            invocation.run()
        except (Exception, Killed) as broken:
            problem = broken
        self.running.remove(invocation)
        if problem is not None:
            self.note(invocation.name, f"ends with {type(problem).__name__}: {problem}")
        self.at(self.now, partial(self._end, invocation, problem))

    def _end(self, invocation: Invocation, problem: BaseException | None) -> None:
        invocation.ended(problem)
        self._start()

    def _resume(self, invocation: Invocation, *args: Invocation) -> None:
        self._current = invocation
        invocation.thread.switch(*args)
        self._current = None

    def pause(self, length: timedelta) -> None:
        """Suspend the function that runs now."""
        self._sleep(self.now + length)

    def _sleep(self, until: datetime) -> None:
        """Let other functions run until a time. A function that would sleep beyond its timeout is killed at its timeout."""
        me = self._current
        if me is None:
            return  # the caller is the harness, not a function
        self.at(min(until, me.ends_at), partial(self._resume, me))
        self._hub.switch()
        if until > me.ends_at:
            self.happened["killed"] += 1
            raise Killed("45 s are over")

    # Calls.

    def call(self, what: object, act: Callable[[], T], throttled: Callable[[], T], lost: Callable[[], T]) -> T:
        """Make a call with faults. ``throttled`` and ``lost`` return or raise what the port does in these cases."""
        if self._current is None:
            return act()
        name, rng, faults = self._current.name, self.rng, self.faults
        self.happened["calls"] += 1
        if self._fault_happens("stall", faults.stall):
            self._sleep(self.now + timedelta(milliseconds=rng.randrange(50_000)))
        if self._fault_happens("kill_before", faults.kill_before):
            self.note(name, f"killed before {what}")
            raise Killed(str(what))
        there, back = self._latencies()
        if self._fault_happens("throttle", faults.throttle):
            self._sleep(self.now + there + back)
            self.note(name, f"{what} → throttled")
            return throttled()
        call = Call()
        takes_effect_at = self.now + there
        self.at(takes_effect_at, partial(self._take_effect, call, name, what, act))
        self._sleep(takes_effect_at + back)
        if self._fault_happens("kill_after", faults.kill_after):
            self.note(name, f"killed after {what}")
            raise Killed(str(what))
        if self._fault_happens("lose_answer", faults.lose_answer):
            self.note(name, f"gets no answer to {what}")
            return lost()
        if call.problem is not None:
            raise call.problem
        answer: T = call.answer
        return answer

    def note(self, who: str, what: str) -> None:
        self.log.append(Line(self.now, who, what))

    def read_late(self) -> None:
        """Perhaps delay the function by some seconds after it has read something."""
        if self._current is not None and self._fault_happens("late_looks", self.faults.late_looks):
            self.pause(timedelta(milliseconds=self.rng.randrange(20_000)))

    def _take_effect(self, call: Call, name: str, what: object, act: Callable[[], object]) -> None:
        self.before_effect(self.now)
        try:
            call.answer = act()
        except Exception as problem:
            call.problem = problem
        self.log.append(Line(self.now, name, what, call))

    def _latencies(self) -> tuple[timedelta, timedelta]:
        """The times until a call takes effect (at most ten seconds) and from then to its response."""
        slow = self._fault_happens("slow", self.faults.slow)
        there_ms = self.rng.randrange(9_000) if slow else self.rng.randrange(2, 60)
        return timedelta(milliseconds=there_ms), timedelta(milliseconds=self.rng.randrange(2, 60))

    def _fault_happens(self, kind: str, chance: float) -> bool:
        happens = bool(chance) and self.rng.random() < chance
        if happens:
            self.happened[kind] += 1
        return happens
