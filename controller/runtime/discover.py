"""Finds jobs that changed without an event: EventBridge's delivery from SageMaker is best effort."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from controller.decide.decision import DeciderProblem
from controller.runtime.ports import Ports, Trigger
from controller.runtime.schedule_ports import DiscoverPass
from controller.runtime.sweep import SweepResult, trigger_job
from controller.runtime.timeouts import TIME_LIMIT


def discover(ports: Ports) -> SweepResult:
    """Trigger every job that changed since the last pass.

    A pass goes through slices of time and is noted after each slice, also past jobs that fail. A second pass, six hours
    later, takes the same slices in reverse order, because the first jobs may have used all the time. Attempts whose outcome the
    ledger lacks need no search: each has an open Wake, which the sweep triggers.
    """
    started_at = ports.clock.now()
    first = _pass(DiscoverPass.FIRST, started_at, started_at, ports, list)
    return first + _pass(DiscoverPass.SECOND, started_at - SECOND_LOOK, started_at, ports, _backwards)


def _pass(which: DiscoverPass, upto: datetime, started_at: datetime, ports: Ports, order: Order) -> SweepResult:
    """Trigger slice by slice. A slice that time cuts short is passed again, unless something in it failed: that could last."""
    since = (ports.ledger.passes.passed_until(which) or upto - FIRST_LOOK_BACK) - OVERLAP
    done = SweepResult()
    while since < upto:
        until = min(since + SLICE, upto)
        failed: list[tuple[str, Exception]] = []
        problems: list[tuple[str, DeciderProblem]] = []
        triggered, left = 0, ""
        for name in order(ports.jobs.modified(since, until)):
            if ports.clock.now() - started_at > TIME_LIMIT:
                left = f"out of time in {which} at {since:%Y-%m-%d %H:%M}"
                break
            triggered += 1
            result = trigger_job(Trigger(job=name), ports)
            if isinstance(result, Exception):
                failed.append((name, result))
            else:
                problems += [(name, problem) for problem in result.problems]
        done += SweepResult(triggered=triggered, failed=tuple(failed), left=left, problems=tuple(problems))
        empty = not triggered and not left and until < upto  # after a crash, only lists of empty slices are read again
        if (failed or not left) and not empty:
            # The overlap is as long as a slice: a slice that time cut short is not taken again.
            ports.ledger.passes.note_passed(which, until + OVERLAP if left else until)
        if left:
            return done
        since = until
    return done


def _backwards(names: Iterable[str]) -> list[str]:
    """The second pass takes each slice from its end: slow failures at its beginning kept the first pass from the end."""
    return list(names)[::-1]


FIRST_LOOK_BACK = timedelta(hours=24)


OVERLAP = timedelta(minutes=10)


SLICE = timedelta(minutes=10)


SECOND_LOOK = timedelta(hours=6)


Order = Callable[[Iterable[str]], list[str]]
