"""Simulates one job on a pool's recorded capacity, sample by sample, under a strategy that knows only its own job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from controller.cli.backtest_deadline.cases import DeadlineCase
from controller.decide.deadline.spot_or_on_demand import AttemptState


class Action(StrEnum):
    """What a strategy requests from SageMaker."""

    SPOT = "spot"
    ON_DEMAND = "on-demand"


class SpotSignal(StrEnum):
    """How the controller learns that a pool has spot capacity while its job runs elsewhere.

    ``fleet``: another job of the account starts in the pool every ``FLEET_EVERY_S``; this costs nothing. ``probe``: a probe job
    requests spot every ``PROBE_EVERY_S``, and bills ``PROBE_BILLED_S`` if there is capacity. A signal is valid for one sample.
    """

    NONE = "none"
    FLEET = "fleet"
    PROBE = "probe"


FLEET_EVERY_S = 3600
PROBE_EVERY_S = 1800  # the default of the policy key min_stay; more probes cost more than they save
PROBE_BILLED_S = 120  # the download of the image, then StopTrainingJob


@dataclass(slots=True, kw_only=True)
class DeadlineRun:
    """A running job; lengths are in samples. ``left`` is the time to the deadline, ``work`` the work that remains.

    ``restart_work`` is the work that remains after a stop: the same, or all work of the job without checkpoints.
    """

    left: int
    work: int
    overhead: int
    gap_s: int
    total: int = 0
    length: int = 0
    attempt: AttemptState = AttemptState.WAITING
    billing: int = 0  # overhead of the current start that is not billed yet
    elapsed: int = 0
    since: int = 0
    starts: int = 0
    moves: int = 0
    spot_seen: bool | None = None
    cost: float = 0.0
    checkpoints: bool = True

    @property
    def restart_work(self) -> int:
        return self.work if self.checkpoints else self.total

    @property
    def trains(self) -> bool:
        return self.attempt is not AttemptState.WAITING and self.billing == 0


class Strategy(Protocol):
    def choose(self, run: DeadlineRun) -> Action:
        """What to request from this sample on; ``run.attempt`` shows whether the spot job has capacity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """``cost`` is in samples of on-demand. A job that missed its deadline costs as much as a run that was always on-demand."""

    cost: float
    missed: bool
    starts: int
    moves: int


def play(case: DeadlineCase, strategy: Strategy, spot_price: float, signal: SpotSignal = SpotSignal.NONE) -> RunResult:
    """Simulate a job from its start to its end or its deadline. ``spot_price``: as a share of the on-demand price."""
    length = len(case.capacity)
    run = DeadlineRun(left=length, work=case.work, overhead=case.overhead, gap_s=case.gap_s, total=case.work, length=length)
    run.checkpoints = case.checkpoints
    run.spot_seen = None if signal is SpotSignal.NONE else False
    requested = Action.SPOT
    for available in case.capacity:
        _take_capacity(run, requested, available)
        chosen = strategy.choose(run)
        if chosen is not requested:
            requested = chosen
            run.moves += 1
            run.since = run.elapsed
            run.work = run.restart_work
            run.attempt, run.spot_seen = AttemptState.WAITING, None if signal is SpotSignal.NONE else False
            _take_capacity(run, requested, available)
        _advance(run, spot_price)
        _observe(run, signal, available, spot_price)
        if run.work == 0:
            return RunResult(cost=run.cost, missed=False, starts=run.starts, moves=run.moves)
    return RunResult(cost=float(case.work), missed=True, starts=run.starts, moves=run.moves)


def _take_capacity(run: DeadlineRun, requested: Action, available: bool) -> None:
    """At the start of a sample: interrupt a spot job if its capacity is gone, and start a waiting job if there is capacity."""
    if run.attempt is AttemptState.SPOT and not available:
        run.attempt, run.billing, run.work = AttemptState.WAITING, 0, run.restart_work
    if run.attempt is AttemptState.WAITING and (requested is Action.ON_DEMAND or available):
        run.attempt = AttemptState.ON_DEMAND if requested is Action.ON_DEMAND else AttemptState.SPOT
        run.billing = run.overhead
        run.starts += 1


def _advance(run: DeadlineRun, spot_price: float) -> None:
    if run.attempt is not AttemptState.WAITING:
        run.cost += 1.0 if run.attempt is AttemptState.ON_DEMAND else spot_price
        if run.billing:
            run.billing -= 1
        else:
            run.work -= 1
    run.left -= 1
    run.elapsed += 1


def _observe(run: DeadlineRun, signal: SpotSignal, available: bool, spot_price: float) -> None:
    """Set what the controller knows about the pool's capacity at the end of a sample, and bill a probe."""
    if signal is SpotSignal.NONE:
        return
    run.spot_seen = False
    if run.attempt is not AttemptState.ON_DEMAND or run.work == 0:
        return
    every_s = PROBE_EVERY_S if signal is SpotSignal.PROBE else FLEET_EVERY_S
    if (run.elapsed - run.since) % max(every_s // run.gap_s, 1):
        return
    run.spot_seen = available
    if signal is SpotSignal.PROBE and available:
        run.cost += spot_price * PROBE_BILLED_S / run.gap_s
