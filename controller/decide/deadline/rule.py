"""Decides where a job with a deadline runs: waits on spot until the latest safe moment, buys on-demand, goes back to spot.

    slack = deadline − now − what is left to do − what a start on-demand costs

A job that waits burns its slack; one that trains keeps it, wherever it trains. Without a signal that spot capacity is back, a
move to on-demand is for good, so it comes as late as it can: leaving early costs money and buys nothing. With a signal the job
may leave sooner, while slack is short beside what is left, because it can return: slack then pays for the way back and forth.

The thresholds of the two-way rule were chosen on spot traces (``spotwarden backtest deadline``, docs/performance.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from controller.ledger.message_kind import MoveReason

LOOK_S_MIN = 60  # the sweep's own pace: nobody looks more often


class Place(StrEnum):
    """Where the newest attempt is."""

    WAITING = "waiting"  # spot is asked for, and nothing trains
    SPOT = "spot"  # it trains on spot
    ON_DEMAND = "on-demand"


class Move(StrEnum):
    STAY = "stay"
    ON_DEMAND = "on-demand"
    SPOT = "spot"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineState:
    """What a controller knows of its own job: never the capacity of a pool that it is not in.

    ``remaining_s`` is the training still to do, ``since`` when it came to this place, ``moves`` how often it was moved.
    ``spot_seen`` is what an honest signal says of spot capacity, None where there is no signal at all.
    """

    now: datetime
    deadline: datetime
    remaining_s: int
    place: Place
    since: datetime
    moves: int = 0
    spot_seen: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCosts:
    """What a move costs, and how far the rule goes. ``overhead_s`` is all that passes between a Stop and training on-demand.

    ``reserve_s`` is the worst loss of what runs now, ``margin_s`` how late a look may come, ``early_share`` the slack, as a share
    of what is left to do, below which a job that can return leaves spot.
    """

    overhead_s: int
    margin_s: int
    reserve_s: int = 0
    stay_s: int = 1800
    moves_max: int = 40
    early_share: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to do now, and when to look again at the latest."""

    move: Move
    look_at: datetime
    why: MoveReason


def slack_s(standing: DeadlineState, terms: MoveCosts) -> int:
    """Seconds that may be wasted before only an immediate start on-demand keeps the deadline; negative when it is lost."""
    left_s = (standing.deadline - standing.now).total_seconds()
    loss_s = terms.reserve_s if standing.place is Place.SPOT else 0
    return int(left_s - standing.remaining_s - terms.overhead_s - loss_s)


def latest_safe(standing: DeadlineState, terms: MoveCosts) -> datetime:
    """The moment at which a job that makes no progress must have left spot."""
    return standing.now + timedelta(seconds=slack_s(standing, terms) - terms.margin_s)


def earliest_finish(standing: DeadlineState, terms: MoveCosts) -> datetime:
    """When the job is finished if it runs on-demand from now on, and nothing goes wrong."""
    start_s = 0 if standing.place is Place.ON_DEMAND else terms.overhead_s
    return standing.now + timedelta(seconds=start_s + standing.remaining_s)


def choose(standing: DeadlineState, terms: MoveCosts) -> Choice:
    """Say whether the job stays where it is, and when to look again."""
    slack = slack_s(standing, terms)
    match standing.place:
        case Place.ON_DEMAND:
            return _on_demand(standing, terms, slack)
        case Place.SPOT if slack >= 0:
            wait_s = slack - terms.margin_s if slack > terms.margin_s else slack
            return _stay(standing, wait_s, MoveReason.TRAINS_ON_SPOT)
        case Place.WAITING if slack > terms.margin_s and not _leaves_early(standing, terms, slack):
            return _stay(standing, slack - terms.margin_s, MoveReason.CAN_WAIT)
        case _ if slack > terms.margin_s:
            return Choice(move=Move.ON_DEMAND, look_at=standing.now, why=MoveReason.SPOT_AWAY)
        case _:
            return Choice(move=Move.ON_DEMAND, look_at=standing.now, why=MoveReason.LATEST_MOMENT)


def _leaves_early(standing: DeadlineState, terms: MoveCosts, slack: int) -> bool:
    """Leave before the latest moment only where a signal could bring the job back, and a way back and forth is left."""
    if standing.spot_seen is not False or standing.moves + 2 > terms.moves_max:
        return False
    return slack <= terms.early_share * standing.remaining_s


def _on_demand(standing: DeadlineState, terms: MoveCosts, slack: int) -> Choice:
    """Go back only while slack pays for a start on spot, two late looks and another start on-demand; never flap."""
    rested = (standing.now - standing.since).total_seconds() >= terms.stay_s
    pays = slack >= terms.overhead_s + 2 * terms.margin_s
    if standing.spot_seen and rested and pays and standing.moves + 2 <= terms.moves_max:
        return Choice(move=Move.SPOT, look_at=standing.now, why=MoveReason.SPOT_BACK)
    return _stay(standing, max(standing.remaining_s, LOOK_S_MIN), MoveReason.TRAINS_ON_DEMAND)


def _stay(standing: DeadlineState, wait_s: int, why: MoveReason) -> Choice:
    return Choice(move=Move.STAY, look_at=standing.now + timedelta(seconds=max(wait_s, LOOK_S_MIN)), why=why)
