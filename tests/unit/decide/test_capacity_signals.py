"""Signs of spot capacity in a pool are recorded for the jobs that left it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.decide.capacity_signals import capacity_signals
from controller.decide.decision import Decision, Need
from controller.decide.facts import Facts
from controller.jobs.job import Interval, Job, Outcome, Service
from controller.ledger.pool import CapacitySeen, PlacementAsked
from controller.policy.resubmission import DeadlineSettings
from tests.builders import BEGIN, REGION, attempt, block, ended, facts, job, lineage, policy
from tests.properties.lives import learn

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TYPE = "ml.g5.2xlarge"
ASKED = PlacementAsked(region=REGION, instance_type=TYPE, job="bert-r02", at=BEGIN, score=7)


def seen(name: str, minutes: int) -> tuple[CapacitySeen, ...]:
    return (CapacitySeen(region=REGION, instance_type=TYPE, job=name, at=BEGIN + minutes * MINUTE),)


def test_a_job_that_trains_on_spot_shows_capacity_since_its_training_began() -> None:
    assert decide(facts(job())).capacity == seen("bert", 3)


@pytest.mark.parametrize(
    "about",
    [
        job(spot=False),
        job(secondary="Starting", intervals=()),
        job(intervals=(Interval(start=BEGIN + 3 * MINUTE, end=BEGIN + 5 * MINUTE),)),
        ended(job(), Outcome.COMPLETED),
    ],
    ids=["on-demand", "starting", "interrupted", "over"],
)
def test_a_job_that_does_not_train_on_spot_shows_nothing(about: Job) -> None:
    assert capacity_signals(facts(about)) == Decision()


def test_a_training_that_began_an_hour_ago_is_no_sign_of_capacity_now() -> None:
    began_at = BEGIN + 3 * MINUTE
    assert capacity_signals(facts(job(), now=began_at + HOUR - MINUTE)).capacity
    assert not capacity_signals(facts(job(), now=began_at + HOUR)).capacity


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [(Outcome.COMPLETED, True), (Outcome.OVERRAN, True), (Outcome.STARVED, False), (Outcome.CAPACITY, False)],
)
def test_a_probe_that_got_a_machine_shows_capacity(outcome: Outcome, shown: bool) -> None:
    probe = ended(job("bert-p01", service=Service.PROBE, intervals=()), outcome, ended_at=BEGIN + 5 * MINUTE)
    assert capacity_signals(facts(probe)).capacity == (seen("bert-p01", 2) if shown else ())


def test_a_sign_of_capacity_is_written_only_with_other_writes() -> None:
    about = facts(job())
    assert not decide(learn(about, decide(about)))


def moved(**changes: Any) -> Facts:
    """A second attempt, moved to on-demand for its deadline, under a policy that returns to spot at a placement score of 7."""
    settings = DeadlineSettings(back_to_spot=True, placement_score=7)
    about = facts(
        attempt(2, spot=False), number=2, lineage=lineage(), history=(), now=BEGIN,
        policy=policy(rules=(), resubmissions=(block(deadline=settings),)),
    )  # fmt: skip
    return replace(about, **changes)


def test_a_job_that_may_return_to_spot_needs_the_placement_score() -> None:
    assert decide(moved(looked_up=frozenset())).needs == {Need.PLACEMENT_SCORE}


@pytest.mark.parametrize(
    "change",
    [
        {"job": attempt(2)},
        {"number": 1},
        {"history": None},
        {"job": ended(attempt(2, spot=False), Outcome.COMPLETED)},
        {"policy": policy(rules=(), resubmissions=(block(deadline=DeadlineSettings(back_to_spot=True)),))},
        {"policy": policy(rules=(), resubmissions=(block(deadline=DeadlineSettings(placement_score=7)),))},
    ],
    ids=["on spot", "nobody moved it", "at rest", "over", "no score in the policy", "never back to spot"],
)
def test_no_other_job_needs_the_placement_score(change: dict[str, Any]) -> None:
    assert decide(moved(looked_up=frozenset(), **change)).needs == frozenset()


@pytest.mark.parametrize(("score", "shown"), [(7, True), (10, True), (6, False), (None, False)])
def test_a_placement_score_high_enough_is_a_sign_of_capacity(score: int | None, shown: bool) -> None:
    asked = replace(ASKED, score=score)
    assert decide(moved(placement=asked)).capacity == (asked, *(seen(attempt(2).name, 0) if shown else ()))


def test_that_ec2_was_asked_is_written_once() -> None:
    about = moved(placement=ASKED)
    known = learn(replace(about, placement=None), decide(replace(about, placement=None)))
    decision = decide(replace(known, placement=ASKED))
    assert decision.capacity[0] == ASKED
    assert not decide(learn(replace(known, placement=ASKED), decision))


def test_without_a_new_score_no_signal_is_recorded() -> None:
    assert capacity_signals(moved(placement=None)) == Decision()
