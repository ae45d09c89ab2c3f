"""Plays one job over a pool's capacity: a sample at a time, under a strategy that sees only its own job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from controller.cli.backtest_deadline.cases import Case
from controller.decide.deadline.rule import Place


class Action(StrEnum):
    """What a strategy asks SageMaker for."""

    SPOT = "spot"
    ON_DEMAND = "on-demand"


class SpotSignal(StrEnum):
    """How a controller whose job is not in a pool learns that capacity is there. Each says when it tells, and what it costs.

    ``fleet``: other jobs of the account start in the same pool, one each ``FLEET_EVERY_S``; nothing is billed for knowing.
    ``probe``: each ``PROBE_EVERY_S`` a job asks the pool for spot; where capacity is there it bills ``PROBE_BILLED_S`` before it
    is stopped. Either way the word of a sample is heard at the beginning of the next, and is forgotten after that.
    """

    NONE = "none"
    FLEET = "fleet"
    PROBE = "probe"


FLEET_EVERY_S = 3600
PROBE_EVERY_S = 1800  # more often costs more than it finds: half an hour is also the minimum stay
PROBE_BILLED_S = 120  # the image's download, then StopTrainingJob


@dataclass(slots=True, kw_only=True)
class Run:
    """A job under way, in samples. A strategy may read ``left``, ``work``, ``place``, ``since``, ``moves`` and ``spot_seen``."""

    left: int
    work: int
    overhead: int
    gap_s: int
    total: int = 0
    length: int = 0
    place: Place = Place.WAITING
    billing: int = 0  # overhead of the present start that is still to be billed
    elapsed: int = 0
    since: int = 0
    starts: int = 0
    moves: int = 0
    spot_seen: bool | None = None
    cost: float = 0.0

    @property
    def trains(self) -> bool:
        return self.place is not Place.WAITING and self.billing == 0


class Strategy(Protocol):
    def ask(self, run: Run) -> Action:
        """What to ask for from this sample on; ``run.place`` shows whether the spot job has its capacity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayResult:
    """``cost`` in samples of on-demand: a job that missed its deadline is charged as one that ran on-demand throughout."""

    cost: float
    missed: bool
    starts: int
    moves: int


def play(case: Case, strategy: Strategy, spot_price: float, signal: SpotSignal = SpotSignal.NONE) -> PlayResult:
    """Play a job from its start to its end, or to its deadline."""
    length = len(case.capacity)
    run = Run(left=length, work=case.work, overhead=case.overhead, gap_s=case.gap_s, total=case.work, length=length)
    run.spot_seen = None if signal is SpotSignal.NONE else False
    asked = Action.SPOT
    for there in case.capacity:
        _give_and_take(run, asked, there)
        wanted = strategy.ask(run)
        if wanted is not asked:
            asked = wanted
            run.moves += 1
            run.since = run.elapsed
            run.place, run.spot_seen = Place.WAITING, None if signal is SpotSignal.NONE else False
            _give_and_take(run, asked, there)
        _pass_a_sample(run, spot_price)
        _listen(run, signal, there, spot_price)
        if run.work == 0:
            return PlayResult(cost=run.cost, missed=False, starts=run.starts, moves=run.moves)
    return PlayResult(cost=float(case.work), missed=True, starts=run.starts, moves=run.moves)


def _give_and_take(run: Run, asked: Action, there: bool) -> None:
    """What SageMaker does at the start of a sample: reclaims spot capacity that is gone, and starts what waits where it can."""
    if run.place is Place.SPOT and not there:
        run.place, run.billing = Place.WAITING, 0
    if run.place is Place.WAITING and (asked is Action.ON_DEMAND or there):
        run.place = Place.ON_DEMAND if asked is Action.ON_DEMAND else Place.SPOT
        run.billing = run.overhead
        run.starts += 1


def _pass_a_sample(run: Run, spot_price: float) -> None:
    if run.place is not Place.WAITING:
        run.cost += 1.0 if run.place is Place.ON_DEMAND else spot_price
        if run.billing:
            run.billing -= 1
        else:
            run.work -= 1
    run.left -= 1
    run.elapsed += 1


def _listen(run: Run, signal: SpotSignal, there: bool, spot_price: float) -> None:
    """What is known of the pool at the end of a sample, by who is not in it; who waits in it knows that it is empty."""
    if signal is SpotSignal.NONE:
        return
    run.spot_seen = False
    if run.place is not Place.ON_DEMAND or run.work == 0:
        return
    every_s = PROBE_EVERY_S if signal is SpotSignal.PROBE else FLEET_EVERY_S
    if (run.elapsed - run.since) % max(every_s // run.gap_s, 1):
        return
    run.spot_seen = there
    if signal is SpotSignal.PROBE and there:
        run.cost += spot_price * PROBE_BILLED_S / run.gap_s
