"""Ways to keep a deadline on spot: what others do, and what the controller does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from controller.cli.backtest_deadline.market import Action, Run
from controller.decide.deadline.rule import DeadlineState, Move, MoveCosts, Place, choose

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)  # any day: only spans matter


class ManagedSpot:
    """SageMaker managed spot as it is, with MaxWaitTimeInSeconds up to the deadline."""

    def ask(self, run: Run) -> Action:  # noqa: ARG002 - the strategies' own signature
        return Action.SPOT


class SpotElseOnDemand:
    """On-demand whenever spot is away, spot whenever it is there: it sees capacity that no controller sees."""

    def __init__(self, capacity: tuple[bool, ...]) -> None:
        self._capacity = capacity

    def ask(self, run: Run) -> Action:
        return Action.SPOT if self._capacity[run.elapsed] and _safe(run) else Action.ON_DEMAND


class UniformProgress:
    """Keeps its progress above the even line from start to deadline (Can't Be Late, NSDI '24); sees capacity as above.

    Behind the line it runs on-demand where spot is away, and stays there until it is two overheads ahead.
    """

    def __init__(self, capacity: tuple[bool, ...]) -> None:
        self._capacity = capacity

    def ask(self, run: Run) -> Action:
        there = self._capacity[run.elapsed]
        ahead = (run.total - run.work) - run.elapsed * run.total / run.length
        if not _safe(run):
            return Action.ON_DEMAND
        if run.place is Place.ON_DEMAND:
            return Action.SPOT if ahead >= 2 * run.overhead else Action.ON_DEMAND
        return Action.SPOT if there or ahead >= 0 else Action.ON_DEMAND


def _safe(run: Run) -> bool:
    """Whether a sample may pass on spot, and on-demand still keep the deadline after it."""
    progress = 1 if run.place is Place.SPOT and run.trains else 0
    return run.left - 1 >= run.work - progress + run.overhead


class Spotwarden:
    """The controller: its own decision code, fed with what SageMaker shows of its job.

    It looks once a sample, so its margin is the time until just before the next look.
    """

    def ask(self, run: Run) -> Action:
        staying = Action.ON_DEMAND if run.place is Place.ON_DEMAND else Action.SPOT
        now = BEGIN + timedelta(seconds=run.elapsed * run.gap_s)
        standing = DeadlineState(
            now=now,
            deadline=now + timedelta(seconds=run.left * run.gap_s),
            remaining_s=run.work * run.gap_s,
            place=run.place if run.place is not Place.SPOT or run.trains else Place.WAITING,
            since=BEGIN + timedelta(seconds=run.since * run.gap_s),
            moves=run.moves,
            spot_seen=None if run.spot_seen is None else run.spot_seen or run.place is Place.SPOT,
        )
        terms = MoveCosts(overhead_s=run.overhead * run.gap_s, margin_s=run.gap_s - 1)
        match choose(standing, terms).move:
            case Move.STAY:
                return staying
            case Move.ON_DEMAND:
                return Action.ON_DEMAND
            case Move.SPOT:
                return Action.SPOT
