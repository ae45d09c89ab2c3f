"""Functions that take turns on one virtual clock: each call of theirs takes time, and each may be their last.

Every function runs in a greenlet. A call lets its greenlet sleep: before it is sent, as the function may dawdle, and until its
answer is back. In between it lands, and takes effect whether or not its caller still lives. Whoever wakes first goes on, so up to
four functions interleave at every call, in an order that the seed decides and nothing else.
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


class Died(BaseException):
    """The function was killed, or its machine was."""


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
    """A call on its way: its effect is written here when it lands."""

    answer: Any = None
    problem: Exception | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log; it is put into words only if somebody reads it."""

    at: datetime
    who: str
    what: object
    call: Call | None = None

    def __str__(self) -> str:
        told = "" if self.call is None else repr(self.call.problem or self.call.answer)
        return f"{self.at:%d %H:%M:%S.%f}"[:-3] + f"  {self.who:24} {self.what}" + (f" → {told[:200]}" if told else "")


@dataclass(slots=True)
class Lambdas:
    """The clock, what waits for it, and the functions that run."""

    now: datetime
    faults: Faults
    rng: Random
    landing: Callable[[datetime], object]  # brings the world to the moment at which a call lands
    log: list[Line] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    running: list[Invocation] = field(default_factory=list)
    queue: deque[Invocation] = field(default_factory=deque)
    _heap: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)
    _count: int = 0
    _hub: Any = field(default_factory=getcurrent)
    _current: Invocation | None = None

    @property
    def current(self) -> Invocation | None:
        """The function whose turn it is."""
        return self._current

    # The clock.

    def at(self, when: datetime, act: Callable[[], object]) -> None:
        """Let something happen at a moment; of two at one moment, what was said first."""
        self._count += 1
        heapq.heappush(self._heap, (max(when, self.now), self._count, act))

    def next_at(self) -> datetime | None:
        return self._heap[0][0] if self._heap else None

    def step(self) -> None:
        """Let the next thing happen."""
        when, _, act = heapq.heappop(self._heap)
        self.now = max(self.now, when)
        act()

    @property
    def idle(self) -> bool:
        return not self.running and not self.queue

    # Functions.

    def invoke(self, name: str, run: Callable[[], object], ended: Callable[[BaseException | None], None]) -> None:
        """Run a function now, or when one of the four ends; ``ended`` hears its exception, None when it returned."""
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
        except (Exception, Died) as broken:
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
        """Let the function whose turn it is stand still."""
        self._sleep(self.now + length)

    def _sleep(self, until: datetime) -> None:
        """Let the others go on until then; a function that is not awake before its timeout is killed at it."""
        me = self._current
        if me is None:
            return  # not a function: a harness may look at its own ports
        self.at(min(until, me.ends_at), partial(self._resume, me))
        self._hub.switch()
        if until > me.ends_at:
            self.happened["killed"] += 1
            raise Died("45 s are over")

    # Calls.

    def call(self, what: object, act: Callable[[], T], throttled: Callable[[], T], lost: Callable[[], T]) -> T:
        """Make a call through all that can go wrong; ``throttled`` and ``lost`` answer or raise as the port's world would."""
        if self._current is None:
            return act()
        name, rng, faults = self._current.name, self.rng, self.faults
        self.happened["calls"] += 1
        if self._happens("dawdle", faults.dawdle):
            self._sleep(self.now + timedelta(milliseconds=rng.randrange(50_000)))
        if self._happens("die_before", faults.die_before):
            self.note(name, f"dies before {what}")
            raise Died(str(what))
        there, back = self._ways()
        if self._happens("throttle", faults.throttle):
            self._sleep(self.now + there + back)
            self.note(name, f"{what} → throttled")
            return throttled()
        call = Call()
        lands_at = self.now + there
        self.at(lands_at, partial(self._land, call, name, what, act))
        self._sleep(lands_at + back)
        if self._happens("die_after", faults.die_after):
            self.note(name, f"dies after {what}")
            raise Died(str(what))
        if self._happens("lose_answer", faults.lose_answer):
            self.note(name, f"never hears of {what}")
            return lost()
        if call.problem is not None:
            raise call.problem
        answer: T = call.answer
        return answer

    def note(self, who: str, what: str) -> None:
        self.log.append(Line(self.now, who, what))

    def _land(self, call: Call, name: str, what: object, act: Callable[[], object]) -> None:
        self.landing(self.now)
        try:
            call.answer = act()
        except Exception as problem:
            call.problem = problem
        self.log.append(Line(self.now, name, what, call))

    def _ways(self) -> tuple[timedelta, timedelta]:
        """How long a call is on its way, and its answer; nothing is sent that could land later than ten seconds from now."""
        slow = self._happens("slow", self.faults.slow)
        there_ms = self.rng.randrange(9_000) if slow else self.rng.randrange(2, 60)
        return timedelta(milliseconds=there_ms), timedelta(milliseconds=self.rng.randrange(2, 60))

    def _happens(self, kind: str, chance: float) -> bool:
        happens = bool(chance) and self.rng.random() < chance
        if happens:
            self.happened[kind] += 1
        return happens
