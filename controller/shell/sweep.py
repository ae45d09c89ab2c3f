"""The clock: rings for what is overdue each minute, and for what changed unheard each hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller.shell.limits import TIME_LIMIT
from controller.shell.ports import Ports, Ring
from controller.shell.reconcile import reconcile

RINGS_MAX = 500
SETBACK = timedelta(minutes=5)

FIRST_LOOK_BACK = timedelta(hours=24)
OVERLAP = timedelta(minutes=10)
SLICE = timedelta(minutes=10)
SECOND_LOOK = timedelta(hours=6)

Order = Callable[[Iterable[str]], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What one pass of the clock did. ``overdue_s`` is how late the oldest intent was, ``left`` says why it stopped early."""

    rung: int = 0
    failed: tuple[tuple[str, Exception], ...] = field(default=())
    overdue_s: int = 0
    left: str = ""

    def __add__(self, other: Rounds) -> Rounds:
        return Rounds(
            rung=self.rung + other.rung,
            failed=self.failed + other.failed,
            overdue_s=max(self.overdue_s, other.overdue_s),
            left=self.left or other.left,
        )


def sweep(ports: Ports) -> Rounds:
    """Ring for every overdue intent's job, oldest first, each failure on its own.

    A ring that fails is set back five minutes: at the head of the queue, one broken lineage would delay all others for good.
    """
    started_at = ports.clock.now()
    overdue = ports.ledger.overdue(started_at, RINGS_MAX)
    oldest_s = max((int((started_at - o.ring_at).total_seconds()) for o in overdue), default=0)
    failed: list[tuple[str, Exception]] = []
    rung: set[Ring] = set()
    for one in overdue:
        if ports.clock.now() - started_at > TIME_LIMIT:
            return Rounds(rung=len(rung), failed=tuple(failed), overdue_s=oldest_s, left="out of time")
        if one.ring in rung:
            continue
        rung.add(one.ring)
        problem = _ring(one.ring, ports)
        if problem is not None:
            failed.append((one.ring.job, problem))
            ports.ledger.delay(one, ports.clock.now() + SETBACK)
    return Rounds(rung=len(rung), failed=tuple(failed), overdue_s=oldest_s)


def discover(ports: Ports) -> Rounds:
    """Ring for every job modified since the last pass: EventBridge delivery from SageMaker is best effort.

    The pass goes in slices of time, the cursor after each, and never waits for a job that fails: a second pass, six hours later,
    looks at the same slices again, backwards, since what took all the time stood in front. Attempts whose ending the ledger
    lacks need no search of their own: each holds an open Wake, and the sweep rings for that.
    """
    started_at = ports.clock.now()
    first = _pass("discover", started_at, started_at, ports, list)
    return first + _pass("discover-again", started_at - SECOND_LOOK, started_at, ports, _backwards)


def _pass(cursor: str, upto: datetime, started_at: datetime, ports: Ports, order: Order) -> Rounds:
    """Ring slice by slice. A slice that time cuts short is passed again, unless something in it failed: that could last."""
    since = (ports.ledger.cursor(cursor) or upto - FIRST_LOOK_BACK) - OVERLAP
    done = Rounds()
    while since < upto:
        until = min(since + SLICE, upto)
        failed: list[tuple[str, Exception]] = []
        rung, left = 0, ""
        for name in order(ports.jobs.modified(since, until)):
            if ports.clock.now() - started_at > TIME_LIMIT:
                left = f"out of time in {cursor} at {since:%Y-%m-%d %H:%M}"
                break
            rung += 1
            problem = _ring(Ring(job=name), ports)
            if problem is not None:
                failed.append((name, problem))
        done += Rounds(rung=rung, failed=tuple(failed), left=left)
        empty = not rung and not left and until < upto  # of a crash, only the lists of empty slices are made again
        if (failed or not left) and not empty:
            ports.ledger.move_cursor(cursor, until + OVERLAP if left else until)  # the overlap is as long as a slice: leave it
        if left:
            return done
        since = until
    return done


def _backwards(names: Iterable[str]) -> list[str]:
    """The second pass takes each slice from its end: slow failures at the head of it kept the first pass from there."""
    return list(names)[::-1]


def _ring(ring: Ring, ports: Ports) -> Exception | None:
    """Ring, and give a failure back: whatever is wrong with one job must not keep the others waiting."""
    try:
        reconcile(ring, ports)
    except Exception as problem:
        return problem
    return None
