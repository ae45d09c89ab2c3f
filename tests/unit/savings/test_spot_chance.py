"""The chance and the expected training of a run on spot agree with closed forms, with a simulation, and with each other."""

from __future__ import annotations

from math import exp, expm1, inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.savings.interruption_rates import RatePosterior
from controller.savings.spot_chance import SPELL_H, SPELL_SHARE, UNBILLED_H, SpotRun, finish_chance, training_h, training_least_h

KNOWN = 1e7  # hours of history, so that the rate is certain


def run(work_h: float, limit_h: float, segment_h: float | None = None, start_h: float = 0.25) -> SpotRun:
    return SpotRun(work_h=work_h, segment_h=segment_h or work_h, limit_h=limit_h, start_h=start_h)


def certain(rate: float) -> RatePosterior:
    return RatePosterior(shape=rate * KNOWN, hours=KNOWN)


def unbilled(rate: float, work_h: float) -> float:
    lost = min(UNBILLED_H, work_h)
    return exp(rate * work_h) * (1 - exp(-rate * lost) * (1 + rate * lost)) / rate


def test_two_days_without_checkpoints_in_a_pool_interrupted_each_seven_hours_train_for_thousands_of_hours() -> None:
    expected = training_h(run(48, 96), certain(0.15))
    assert expected == pytest.approx(expm1(7.2) / 0.15 - unbilled(0.15, 48), rel=0.01)
    assert expected is not None
    assert 7_000 < expected < 9_000
    assert finish_chance(run(48, 96), RatePosterior(shape=150.5, hours=1010)) < 0.2
    assert finish_chance(run(48, 96, 0.5), RatePosterior(shape=150.5, hours=1010)) > 0.95


@pytest.mark.parametrize(("rate", "work_h", "every_h"), [(0.15, 48, 0.5), (0.5, 6, 1.0), (2.0, 10, 0.25)])
def test_checkpoints_make_a_run_one_of_many_short_segments(rate: float, work_h: float, every_h: float) -> None:
    expected = work_h / every_h * expm1(rate * every_h) / rate
    assert training_h(run(work_h, 2 * work_h, every_h), certain(rate)) == pytest.approx(expected, rel=0.001)
    assert training_least_h(run(work_h, 2 * work_h, every_h), certain(rate)) == pytest.approx(expected, rel=0.001)


def test_a_run_within_the_first_hour_is_billed_once_however_often_it_is_lost() -> None:
    assert training_h(run(0.5, 10), certain(3.0)) == pytest.approx(0.5)
    assert training_least_h(run(0.5, 10), certain(3.0)) == pytest.approx(0.5)


@pytest.mark.parametrize("shape", [1.0, 1.0 + 1e-12, 0.5, 20.5])
def test_the_mean_over_the_posterior_is_at_least_what_its_mean_rate_gives(shape: float) -> None:
    rate = RatePosterior(shape=shape, hours=60)
    mean = training_h(run(12, 24), rate)
    assert mean is not None
    assert mean > training_least_h(run(12, 24), rate) > 12


def test_a_pool_with_less_history_than_a_run_has_no_mean_and_an_overflow_gives_none() -> None:
    assert training_h(run(48, 96), RatePosterior(shape=0.5, hours=40)) is None
    assert training_h(run(48, 96), RatePosterior(shape=0.5, hours=48)) is None
    assert training_h(run(48, 96), RatePosterior(shape=0.5, hours=49)) is not None
    assert training_h(run(48, 96), RatePosterior(shape=5000, hours=49)) is None
    assert training_least_h(run(600, 700), certain(2.0)) == inf


def test_without_interruptions_a_run_finishes_where_it_fits_and_where_it_does_not_it_cannot() -> None:
    calm = RatePosterior(shape=1e-6, hours=KNOWN)
    assert finish_chance(run(6, 8), calm) == pytest.approx(1, abs=0.001)
    assert finish_chance(run(6, 5.9), calm) == 0


@pytest.mark.parametrize("shape", [2.13, 13.5, 47.0, 98.0])
def test_a_minute_of_training_in_a_year_is_certain_and_no_more_than_certain(shape: float) -> None:
    """The weights of the posterior add up to a little more than 1 as binary fractions."""
    chance = finish_chance(run(1 / 60, 8766, start_h=0.01), RatePosterior(shape=shape, hours=SPELL_H))
    assert chance == pytest.approx(1)
    assert chance <= 1


@pytest.mark.parametrize("rate", [RatePosterior(shape=0.5, hours=10), RatePosterior(shape=60, hours=200)])
@pytest.mark.parametrize(
    "about", [run(6, 12, start_h=0.5), run(6, 8, 0.5, 0.5), run(24, 36, 0.5, 1.0), run(48, 96, start_h=0.3)], ids=str
)  # fmt: skip
def test_the_chance_is_that_of_simulated_runs(about: SpotRun, rate: RatePosterior) -> None:
    random = Random(7)  # noqa: S311 - no secret
    runs = 800
    finished = sum(_finishes(about, rate, random) for _ in range(runs))
    assert finish_chance(about, rate) == pytest.approx(finished / runs, abs=0.05)


def _finishes(about: SpotRun, rate: RatePosterior, random: Random) -> bool:
    spell = min(max(SPELL_H, SPELL_SHARE * about.work_h) / rate.hours, 1.0)
    now = random.gammavariate(rate.shape * spell, 1 / (rate.hours * spell))
    wait_h = about.start_h * now / rate.mean
    at, done = random.expovariate(1) * wait_h, 0.0
    while done < about.work_h - 1e-9:
        if at + about.work_h - done > about.limit_h:
            return False
        left, segment = random.expovariate(max(now, 1e-9)), min(about.segment_h, about.work_h - done)
        if left >= segment:
            at, done = at + segment, done + segment
        else:
            at += left + random.expovariate(1) * wait_h
    return True


@given(
    st.floats(0.02, 672), st.floats(0.1, 4), st.floats(0.02, 2), st.floats(0.0, 50), st.floats(0.5, 5000), st.floats(10, 100_000)
)
def test_a_chance_is_between_0_and_1_and_checkpoints_never_lower_it(
    work_h: float, factor: float, every_h: float, start_h: float, shape: float, hours: float
) -> None:
    rate = RatePosterior(shape=shape, hours=hours)
    whole = SpotRun(work_h=work_h, segment_h=work_h, limit_h=work_h * factor, start_h=start_h + 0.01)
    chance = finish_chance(whole, rate)
    assert 0 <= chance <= 1
    assert finish_chance(run(work_h, work_h * factor, min(every_h, work_h), start_h + 0.01), rate) >= chance - 0.03
