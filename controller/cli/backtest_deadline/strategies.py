"""Strategies for meeting a deadline on spot: the controller's, and others to compare it with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from controller.cli.backtest_deadline.market import Action, DeadlineRun
from controller.decide.deadline import spot_or_on_demand
from controller.decide.deadline.spot_or_on_demand import AttemptState, DeadlineState, Move, MoveCosts

START = datetime(2026, 1, 1, tzinfo=UTC)  # any time: only differences matter


class ManagedSpot:
    """SageMaker managed spot alone, with MaxWaitTimeInSeconds up to the deadline."""

    def choose(self, run: DeadlineRun) -> Action:  # noqa: ARG002 - the strategies' own signature
        return Action.SPOT


class SpotElseOnDemand:
    """Spot while there is capacity, otherwise on-demand. It knows the current capacity, which no controller can know."""

    def __init__(self, capacity: tuple[bool, ...]) -> None:
        self._capacity = capacity

    def choose(self, run: DeadlineRun) -> Action:
        return Action.SPOT if self._capacity[run.elapsed] and _safe(run) else Action.ON_DEMAND


class UniformProgress:
    """Keeps progress above a straight line from start to deadline (Can't Be Late, NSDI '24). It knows the current capacity.

    Below the line and without spot it runs on-demand, and stays there until it is two overheads ahead.
    """

    def __init__(self, capacity: tuple[bool, ...]) -> None:
        self._capacity = capacity

    def choose(self, run: DeadlineRun) -> Action:
        available = self._capacity[run.elapsed]
        ahead = (run.total - run.work) - run.elapsed * run.total / run.length
        if not _safe(run):
            return Action.ON_DEMAND
        if run.attempt is AttemptState.ON_DEMAND:
            return Action.SPOT if ahead >= 2 * run.overhead else Action.ON_DEMAND
        return Action.SPOT if available or ahead >= 0 else Action.ON_DEMAND


def _safe(run: DeadlineRun) -> bool:
    """Whether on-demand can still meet the deadline after one more sample on spot."""
    progress = 1 if run.attempt is AttemptState.SPOT and run.trains and run.checkpoints else 0
    return run.left - 1 >= run.restart_work - progress + run.overhead


class Spotwarden:
    """The controller's own decision code, which gets only what SageMaker reports about the job.

    It decides once per sample, so its margin is one second less than a sample. ``move_without_checkpoint`` is the policy key:
    whether a job that trains without checkpoints may be stopped.
    """

    def __init__(self, *, move_without_checkpoint: bool = True) -> None:
        self._moves = move_without_checkpoint

    def choose(self, run: DeadlineRun) -> Action:
        current = Action.ON_DEMAND if run.attempt is AttemptState.ON_DEMAND else Action.SPOT
        now = START + timedelta(seconds=run.elapsed * run.gap_s)
        state = DeadlineState(
            now=now,
            deadline=now + timedelta(seconds=run.left * run.gap_s),
            remaining_s=run.restart_work * run.gap_s,
            left_s=run.work * run.gap_s,
            attempt=_attempt_state(run),
            since=START + timedelta(seconds=run.since * run.gap_s),
            moves=run.moves,
            spot_seen=None if run.spot_seen is None or not run.checkpoints else run.spot_seen or run.attempt is AttemptState.SPOT,
        )
        costs = MoveCosts(overhead_s=run.overhead * run.gap_s, margin_s=run.gap_s - 1)
        move = spot_or_on_demand.choose(state, costs).move
        if run.trains and not run.checkpoints and not self._moves:
            return current
        match move:
            case Move.STAY:
                return current
            case Move.ON_DEMAND:
                return Action.ON_DEMAND
            case Move.SPOT:
                return Action.SPOT


def _attempt_state(run: DeadlineRun) -> AttemptState:
    if run.attempt is not AttemptState.SPOT:
        return run.attempt
    if not run.trains:
        return AttemptState.WAITING
    return AttemptState.SPOT if run.checkpoints else AttemptState.UNPROVEN
