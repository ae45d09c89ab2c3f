"""Decides where a job with a deadline runs: on spot until the latest safe moment, on-demand, or back on spot.

    slack = deadline − now − remaining training − the cost of a move to on-demand

A job that waits uses up its slack; a job that trains keeps it. Where no signal can show that spot capacity is back, a move to
on-demand is final, so it comes as late as possible. Where signals exist, the job can return, so it may leave earlier: once the
slack is small compared with the remaining training, but still covers both moves.

Training that no checkpoint proves counts as long as nothing interrupts the job; a move destroys it. So a move is made only if it
can meet the deadline, and if more training is left than the move makes the job repeat.

The thresholds of the rule with a signal were chosen on spot traces (``spotwarden backtest deadline``, docs/performance.md).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from controller.ledger.messages.kind import MoveReason
from controller.units.value import dataclass

LOOK_S_MIN = 60  # the interval of the sweep


class AttemptState(StrEnum):
    """What the newest attempt does now, and where."""

    WAITING = "waiting"  # it waits for spot capacity
    SPOT = "spot"  # it trains on spot
    UNPROVEN = "unproven"  # it trains on spot, and starts over after an interruption
    ON_DEMAND = "on-demand"


class Move(StrEnum):
    """Where the job goes: it stays, or it is stopped and submitted again there."""

    STAY = "stay"
    ON_DEMAND = "on-demand"
    SPOT = "spot"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineState:
    """What the choice depends on.

    ``remaining_s`` are the training seconds that remain if the attempt is stopped now. ``left_s`` are those that remain if
    nothing stops it; None where both are the same. ``since`` is when the job came into this state, ``moves`` how often it was
    moved. ``spot_seen`` is whether a signal shows spot capacity; None where no signal is available.
    """

    now: datetime
    deadline: datetime
    remaining_s: int
    attempt: AttemptState
    since: datetime
    moves: int = 0
    spot_seen: bool | None = None
    left_s: int | None = None

    @property
    def unstopped_s(self) -> int:
        """The training seconds that remain if nothing stops the attempt."""
        return self.remaining_s if self.left_s is None else self.left_s


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCosts:
    """The time that a move costs, and the limits of the rule.

    ``overhead_s`` is the time from a Stop until the job trains on-demand, ``margin_s`` how late the next decision may come, and
    ``reserve_s`` the most training that an interruption can lose. A job stays on-demand for at least ``stay_s``. It returns to
    spot, or leaves spot early, only while ``moves_max`` allows two more moves. It leaves spot early when its slack is at most
    ``early_share`` of the remaining training. A move of a job that trains is worth it if more training is left than ``worth``
    times what the move adds.
    """

    overhead_s: int
    margin_s: int
    reserve_s: int = 0
    stay_s: int = 1800
    moves_max: int = 40
    early_share: float = 0.2
    worth: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Where to run now, why, and when to decide again at the latest (``look_at``)."""

    move: Move
    look_at: datetime
    why: MoveReason


def slack_s(state: DeadlineState, costs: MoveCosts) -> int:
    """The seconds until only an immediate move to on-demand meets the deadline; negative when such a move is too late."""
    left_s = (state.deadline - state.now).total_seconds()
    loss_s = costs.reserve_s if state.attempt is AttemptState.SPOT else 0
    return int(left_s - state.remaining_s - costs.overhead_s - loss_s)


def latest_safe(state: DeadlineState, costs: MoveCosts) -> datetime:
    """The latest time at which a job without progress must leave spot."""
    return state.now + timedelta(seconds=slack_s(state, costs) - costs.margin_s)


def earliest_finish(state: DeadlineState, costs: MoveCosts) -> datetime:
    """When the job finishes if nothing stops it where it is. For a job that waits: if it moves to on-demand now."""
    if state.attempt is AttemptState.WAITING:
        return state.now + timedelta(seconds=costs.overhead_s + state.remaining_s)
    return state.now + timedelta(seconds=state.unstopped_s)


def is_lost(state: DeadlineState) -> bool:
    """Whether nothing can meet the deadline any more, neither an uninterrupted attempt nor one that begins to train now."""
    least_s = state.remaining_s if state.attempt is AttemptState.WAITING else state.unstopped_s
    return state.now + timedelta(seconds=least_s) > state.deadline


def choose(state: DeadlineState, costs: MoveCosts) -> Choice:
    """Choose where the job runs, and when to decide again."""
    slack = slack_s(state, costs)
    match state.attempt:
        case AttemptState.ON_DEMAND:
            return _on_demand(state, costs, slack)
        case AttemptState.SPOT if slack >= 0:
            wait_s = slack - costs.margin_s if slack > costs.margin_s else slack
            return _stay(state, wait_s, MoveReason.TRAINS_ON_SPOT)
        case AttemptState.SPOT if slack + costs.reserve_s < 0 or not worth_a_move(state, costs):
            return _to_the_end(state)
        case AttemptState.UNPROVEN if slack > costs.margin_s:
            return _stay(state, slack - costs.margin_s, MoveReason.TRAINS_ON_SPOT)
        case AttemptState.UNPROVEN if slack < 0 or not worth_a_move(state, costs):
            return _to_the_end(state)
        case AttemptState.WAITING if slack > costs.margin_s and not _leaves_early(state, costs, slack):
            return _stay(state, slack - costs.margin_s, MoveReason.CAN_WAIT)
        case AttemptState.WAITING if slack > costs.margin_s:
            return Choice(move=Move.ON_DEMAND, look_at=state.now, why=MoveReason.SPOT_AWAY)
        case _:
            return Choice(move=Move.ON_DEMAND, look_at=state.now, why=MoveReason.LATEST_MOMENT)


def worth_a_move(state: DeadlineState, costs: MoveCosts) -> bool:
    """Whether a move of an attempt that trains is worth it: it costs time, and destroys training that no checkpoint proves."""
    added_s = state.remaining_s - state.unstopped_s + costs.overhead_s
    return state.unstopped_s > costs.worth * added_s


def _to_the_end(state: DeadlineState) -> Choice:
    """Stay on spot to the end: only an uninterrupted attempt meets the deadline, or a move destroys more than is left."""
    until = max(state.deadline, state.now) + timedelta(seconds=1)
    return Choice(move=Move.STAY, look_at=until, why=MoveReason.NEARLY_DONE)


def _leaves_early(state: DeadlineState, costs: MoveCosts, slack: int) -> bool:
    """Whether a waiting job leaves spot early: only if a signal can bring it back, and both moves are allowed."""
    if state.spot_seen is not False or state.moves + 2 > costs.moves_max:
        return False
    return slack <= costs.early_share * state.remaining_s


def _on_demand(state: DeadlineState, costs: MoveCosts, slack: int) -> Choice:
    """Return to spot only while the slack covers a start on spot, two late decisions and another start on-demand."""
    rested = (state.now - state.since).total_seconds() >= costs.stay_s
    pays = slack >= costs.overhead_s + 2 * costs.margin_s and worth_a_move(state, costs)
    if state.spot_seen and rested and pays and state.moves + 2 <= costs.moves_max:
        return Choice(move=Move.SPOT, look_at=state.now, why=MoveReason.SPOT_BACK)
    if state.unstopped_s < LOOK_S_MIN:  # it ends soon, or takes longer than expected
        until = max(state.deadline, state.now) + timedelta(seconds=1)
        return Choice(move=Move.STAY, look_at=until, why=MoveReason.TRAINS_ON_DEMAND)
    return _stay(state, state.unstopped_s, MoveReason.TRAINS_ON_DEMAND)


def _stay(state: DeadlineState, wait_s: int, why: MoveReason) -> Choice:
    return Choice(move=Move.STAY, look_at=state.now + timedelta(seconds=max(wait_s, LOOK_S_MIN)), why=why)
