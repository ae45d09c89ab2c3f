"""Closes days that are over: each is rolled up once, and again when an entry for it comes later."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.schedule import LateDay
from controller.savings.dated_prices import with_prices
from controller.savings.interruption_rates import pool_memories
from controller.savings.rollup import Rollup, roll_up

DAY = timedelta(days=1)
FIRST_LOOK_BACK = timedelta(days=35)  # how far back the first run goes
SETTLED = timedelta(minutes=15)  # from midnight until a day is closed: the index of its entries is eventually consistent
TRIES = 3
FAILED = "failed"  # the reason in the mark of a day that could not be rolled up
TIME_LIMIT = timedelta(seconds=200)  # the function may run 300 s


def close_days(ports: Ports) -> int:
    """Roll up the days (UTC) that ended since the last run, then the days with marks of late entries. Returns how many.

    A day that cannot be rolled up is closed with a mark: a later run tries it again. Where AWS does not answer for a new day, it
    and the new days after it stay open. Raises the first problem, after the other days were tried.
    """
    started_at = ports.clock.now()
    open_day = (started_at - SETTLED).date()
    marks: dict[date, list[LateDay]] = {}
    for mark in ports.ledger.days.late():
        marks.setdefault(mark.day, []).append(mark)
    since = ports.ledger.days.closed_until()
    next_day = since.date() if since else open_day - FIRST_LOOK_BACK
    new = [next_day + n * DAY for n in range(max((open_day - next_day).days, 0))]
    again = [day for day in sorted(marks) if day < next_day]
    closed = 0
    problems: list[Exception] = []
    silent = False
    for day in (*new, *again):  # new days first: a late day may take all the time, or end the function
        if ports.clock.now() - started_at > TIME_LIMIT:
            break
        if silent and day >= next_day:
            continue
        seen = [mark for mark in marks.get(day, []) if mark.at is None or mark.at <= started_at - SETTLED]
        try:
            rollup = _close(day, seen, ports)  # marks of the last 15 minutes stay: their entries may not be in the index yet
            closed += 1
            if day >= next_day:  # metrics count each day once
                ports.tally.closed(rollup)
        except Exception as problem:
            problems.append(problem)
            if day >= next_day and isinstance(problem, Unreachable):
                silent = True  # until AWS answers, it is read as an open day
                continue
            if day >= next_day:
                ports.ledger.days.mark_late(day, FAILED)
        if day >= next_day:
            ports.ledger.days.note_closed(_midnight(day + DAY))
    if problems:
        raise problems[0]
    return closed


def _close(day: date, marks: list[LateDay], ports: Ports) -> Rollup:
    """Roll up a day, and store the statistics of its pools. Raises Unreachable if others changed its rollup in each try."""
    since, until = _midnight(day), _midnight(day + DAY)
    for _ in range(TRIES):
        versions = ports.ledger.days.versions(day)  # read before the entries: if they change meanwhile, the write below fails
        entries = with_prices(ports.ledger.journal.entries(since, until), ports.prices.rate)
        signals = list(ports.ledger.market_signals.signals(since, until))
        ports.ledger.pools.remember(day, pool_memories(entries, signals).values())
        rollup = roll_up(entries, signals, ports.ledger.market_signals.refused(since, until))
        if ports.ledger.days.put_rollup(day, rollup, settles=marks, if_still=versions):
            return rollup
    raise Unreachable(
        f"the rollup of {day} was not written: another function or spotwarden forget changed it in each of {TRIES} tries"
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)
