"""A job waits on spot until the latest safe moment, and no deadline that could be kept is missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.cli.backtest_deadline.cases import DeadlineCase
from controller.cli.backtest_deadline.market import Action, DeadlineRun, SpotSignal, play
from controller.cli.backtest_deadline.strategies import Spotwarden
from controller.decide.deadline.spot_or_on_demand import (
    AttemptState,
    DeadlineState,
    Move,
    MoveCosts,
    choose,
    earliest_finish,
    is_lost,
    latest_safe,
    slack_s,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR_S = 3600
COSTS = MoveCosts(overhead_s=600, margin_s=300)


def state(**changes: Any) -> DeadlineState:
    """A job that waits for spot, with two hours of work and four hours to its deadline."""
    waiting = DeadlineState(
        now=NOON,
        deadline=NOON + timedelta(hours=4),
        remaining_s=2 * HOUR_S,
        attempt=AttemptState.WAITING,
        since=NOON - timedelta(hours=1),
    )
    return replace(waiting, **changes)


def test_the_latest_safe_moment_leaves_time_for_the_start_the_work_and_the_margin() -> None:
    assert latest_safe(state(), COSTS) == NOON + timedelta(hours=4, seconds=-2 * HOUR_S - 600 - 300)


def test_a_waiting_job_stays_until_the_latest_safe_moment_and_is_described_then() -> None:
    choice = choose(state(), COSTS)
    assert (choice.move, choice.look_at) == (Move.STAY, latest_safe(state(), COSTS))


def test_a_waiting_job_moves_at_the_latest_safe_moment_and_not_a_second_before() -> None:
    at = latest_safe(state(), COSTS)
    assert choose(state(now=at - timedelta(seconds=1)), COSTS).move is Move.STAY
    assert choose(state(now=at), COSTS).move is Move.ON_DEMAND


def test_a_job_that_trains_on_spot_keeps_its_slack_and_stays_to_its_end() -> None:
    training = state(attempt=AttemptState.SPOT, deadline=NOON + timedelta(hours=2, seconds=600))
    assert slack_s(training, COSTS) == 0
    assert choose(training, COSTS).move is Move.STAY


def test_time_to_repeat_lost_training_is_reserved_on_spot() -> None:
    training = state(attempt=AttemptState.SPOT, deadline=NOON + timedelta(hours=2, seconds=600))
    assert choose(training, replace(COSTS, reserve_s=1)).move is Move.ON_DEMAND


def test_without_a_signal_an_on_demand_job_never_returns() -> None:
    assert choose(state(attempt=AttemptState.ON_DEMAND, spot_seen=None), COSTS).move is Move.STAY


def test_with_a_signal_an_on_demand_job_returns_while_there_is_time_for_both_moves() -> None:
    seen = state(attempt=AttemptState.ON_DEMAND, spot_seen=True)
    assert choose(seen, COSTS).move is Move.SPOT
    assert choose(replace(seen, deadline=NOON + timedelta(hours=2, minutes=25)), COSTS).move is Move.STAY


def test_a_job_does_not_return_before_its_minimum_stay_or_after_its_last_move() -> None:
    seen = state(attempt=AttemptState.ON_DEMAND, spot_seen=True)
    assert choose(replace(seen, since=NOON - timedelta(minutes=10)), COSTS).move is Move.STAY
    assert choose(replace(seen, moves=39), COSTS).move is Move.STAY


def test_only_a_job_that_can_return_to_spot_leaves_it_early() -> None:
    short = state(deadline=NOON + timedelta(hours=2, minutes=30))
    assert choose(replace(short, spot_seen=None), COSTS).move is Move.STAY
    assert choose(replace(short, spot_seen=False), COSTS).move is Move.ON_DEMAND


@pytest.mark.parametrize("attempt", AttemptState)
def test_the_earliest_finish_counts_a_start_where_one_is_needed(attempt: AttemptState) -> None:
    start_s = 600 if attempt is AttemptState.WAITING else 0
    assert earliest_finish(state(attempt=attempt), COSTS) == NOON + timedelta(seconds=2 * HOUR_S + start_s)


@pytest.mark.parametrize("attempt", AttemptState)
def test_a_deadline_is_lost_only_when_an_uninterrupted_attempt_is_too_late(attempt: AttemptState) -> None:
    left_s = 2 * HOUR_S if attempt is AttemptState.WAITING else HOUR_S
    in_time = state(attempt=attempt, left_s=left_s, deadline=NOON + timedelta(seconds=left_s))
    assert not is_lost(in_time)
    assert is_lost(replace(in_time, deadline=in_time.deadline - timedelta(seconds=1)))


def test_a_job_without_checkpoints_on_spot_moves_at_the_latest_moment_while_more_is_left_than_the_move_repeats() -> None:
    at = latest_safe(state(), COSTS)
    begun = state(attempt=AttemptState.UNPROVEN, now=at, left_s=2 * HOUR_S - 60)
    assert choose(begun, COSTS).move is Move.ON_DEMAND
    assert choose(replace(begun, now=at - timedelta(seconds=1)), COSTS).move is Move.STAY
    assert choose(replace(begun, left_s=HOUR_S), COSTS).move is Move.STAY
    assert choose(replace(begun, left_s=HOUR_S), COSTS).look_at > begun.deadline


def test_a_move_that_cannot_keep_the_deadline_is_not_made() -> None:
    late = state(attempt=AttemptState.UNPROVEN, deadline=NOON + timedelta(hours=2), left_s=2 * HOUR_S - 60)
    assert choose(late, COSTS).move is Move.STAY
    late = state(attempt=AttemptState.SPOT, deadline=NOON + timedelta(hours=2), left_s=2 * HOUR_S - 60)
    assert choose(late, replace(COSTS, reserve_s=500)).move is Move.STAY


def test_a_job_returns_to_spot_only_while_more_is_left_than_the_return_repeats() -> None:
    seen = state(attempt=AttemptState.ON_DEMAND, spot_seen=True, left_s=HOUR_S + 400)
    assert choose(seen, COSTS).move is Move.SPOT
    assert choose(replace(seen, left_s=HOUR_S), COSTS).move is Move.STAY


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 12)), min_size=1, max_size=40),
    st.integers(1, 60),
    st.integers(0, 60),
    st.integers(0, 4),
    st.sampled_from(SpotSignal),
)
def test_no_deadline_that_on_demand_could_keep_is_missed(
    supply: list[tuple[bool, int]], work: int, slack: int, overhead: int, signal: SpotSignal
) -> None:
    capacity = tuple(there for there, samples in supply for _ in range(samples))
    length = work + overhead + slack
    case = DeadlineCase(capacity=(capacity * length)[:length], gap_s=600, work=work, overhead=overhead)
    assert not play(case, Spotwarden(), 0.317, signal).missed


@given(st.lists(st.booleans(), min_size=30, max_size=120), st.integers(5, 20))
def test_without_a_signal_a_job_moves_once_at_most(capacity: list[bool], work: int) -> None:
    case = DeadlineCase(capacity=tuple(capacity), gap_s=600, work=work, overhead=1)
    assert play(case, Spotwarden(), 0.317).moves <= 1


class Noting(Spotwarden):
    """The controller's decision, which notes whether it left a job on spot to its end."""

    stayed = False

    def choose(self, run: DeadlineRun) -> Action:
        chosen = super().choose(run)
        overdue = run.left < run.restart_work + run.overhead + 1
        self.stayed = self.stayed or (overdue and run.attempt is AttemptState.SPOT and chosen is Action.SPOT)
        return chosen


@given(st.lists(st.booleans(), min_size=12, max_size=60), st.integers(1, 20), st.integers(0, 20), st.integers(0, 2))
def test_a_job_without_checkpoints_misses_only_where_it_stayed_on_spot_to_its_end(
    supply: list[bool], work: int, slack: int, overhead: int
) -> None:
    length = work + overhead + slack
    case = DeadlineCase(capacity=tuple(supply * length)[:length], gap_s=600, work=work, overhead=overhead, checkpoints=False)
    strategy = Noting()
    assert not play(case, strategy, 0.317).missed or strategy.stayed
