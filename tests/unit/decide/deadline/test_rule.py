"""A job waits on spot until the latest safe moment, and no deadline that could be kept is missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.cli.backtest_deadline.cases import Case
from controller.cli.backtest_deadline.market import SpotSignal, play
from controller.cli.backtest_deadline.strategies import Spotwarden
from controller.decide.deadline.rule import DeadlineState, Move, MoveCosts, Place, choose, earliest_finish, latest_safe, slack_s

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR_S = 3600
TERMS = MoveCosts(overhead_s=600, margin_s=300)


def standing(**changes: Any) -> DeadlineState:
    """A job with two hours to do and four hours to do it in, that waits for spot."""
    waiting = DeadlineState(
        now=NOON, deadline=NOON + timedelta(hours=4), remaining_s=2 * HOUR_S, place=Place.WAITING, since=NOON - timedelta(hours=1)
    )
    return replace(waiting, **changes)


def test_the_latest_safe_moment_leaves_time_for_the_start_the_work_and_a_late_look() -> None:
    assert latest_safe(standing(), TERMS) == NOON + timedelta(hours=4, seconds=-2 * HOUR_S - 600 - 300)


def test_a_waiting_job_stays_until_the_latest_safe_moment_and_is_looked_at_then() -> None:
    choice = choose(standing(), TERMS)
    assert (choice.move, choice.look_at) == (Move.STAY, latest_safe(standing(), TERMS))


def test_a_waiting_job_moves_at_the_latest_safe_moment_and_not_a_second_before() -> None:
    at = latest_safe(standing(), TERMS)
    assert choose(standing(now=at - timedelta(seconds=1)), TERMS).move is Move.STAY
    assert choose(standing(now=at), TERMS).move is Move.ON_DEMAND


def test_a_job_that_trains_on_spot_keeps_its_slack_and_stays_to_its_end() -> None:
    training = standing(place=Place.SPOT, deadline=NOON + timedelta(hours=2, seconds=600))
    assert slack_s(training, TERMS) == 0
    assert choose(training, TERMS).move is Move.STAY


def test_what_a_spot_job_could_lose_is_reserved_before_it_is_lost() -> None:
    training = standing(place=Place.SPOT, deadline=NOON + timedelta(hours=2, seconds=600))
    assert choose(training, replace(TERMS, reserve_s=1)).move is Move.ON_DEMAND


def test_without_a_signal_an_on_demand_job_never_returns() -> None:
    assert choose(standing(place=Place.ON_DEMAND, spot_seen=None), TERMS).move is Move.STAY


def test_with_a_signal_an_on_demand_job_returns_while_slack_pays_for_both_ways() -> None:
    seen = standing(place=Place.ON_DEMAND, spot_seen=True)
    assert choose(seen, TERMS).move is Move.SPOT
    assert choose(replace(seen, deadline=NOON + timedelta(hours=2, minutes=25)), TERMS).move is Move.STAY


def test_a_job_that_just_moved_stays_for_a_while_and_one_that_moved_often_for_good() -> None:
    seen = standing(place=Place.ON_DEMAND, spot_seen=True)
    assert choose(replace(seen, since=NOON - timedelta(minutes=10)), TERMS).move is Move.STAY
    assert choose(replace(seen, moves=39), TERMS).move is Move.STAY


def test_only_a_job_that_can_return_leaves_spot_early() -> None:
    short = standing(deadline=NOON + timedelta(hours=2, minutes=30))
    assert choose(replace(short, spot_seen=None), TERMS).move is Move.STAY
    assert choose(replace(short, spot_seen=False), TERMS).move is Move.ON_DEMAND


@pytest.mark.parametrize("place", Place)
def test_the_earliest_finish_counts_a_start_where_one_is_needed(place: Place) -> None:
    start_s = 0 if place is Place.ON_DEMAND else 600
    assert earliest_finish(standing(place=place), TERMS) == NOON + timedelta(seconds=2 * HOUR_S + start_s)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 12)), min_size=1, max_size=40),
    st.integers(1, 60),
    st.integers(0, 60),
    st.integers(0, 4),
    st.sampled_from(SpotSignal),
)
def test_no_deadline_that_on_demand_could_keep_is_missed(
    weather: list[tuple[bool, int]], work: int, spare: int, overhead: int, signal: SpotSignal
) -> None:
    capacity = tuple(there for there, samples in weather for _ in range(samples))
    length = work + overhead + spare
    case = Case(capacity=(capacity * length)[:length], gap_s=600, work=work, overhead=overhead)
    assert not play(case, Spotwarden(), 0.317, signal).missed


@given(st.lists(st.booleans(), min_size=30, max_size=120), st.integers(5, 20))
def test_without_a_signal_a_job_moves_once_at_most(capacity: list[bool], work: int) -> None:
    case = Case(capacity=tuple(capacity), gap_s=600, work=work, overhead=1)
    assert play(case, Spotwarden(), 0.317).moves <= 1
