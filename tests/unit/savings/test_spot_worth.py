"""What is expected of a job on spot comes from its pool, the length of its run and the prices; what is not known is None."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.jobs.job import Job
from controller.ledger.pool import PoolMemory
from controller.policy.spot_worth import SpotWorth
from controller.savings.spot_worth import Run, run_length_s, spot_worth
from tests import builders
from tests.unit.decide.deciding import WAITING

HOUR = 3600
TYPE, OTHER = "ml.g5.2xlarge", "ml.g5.4xlarge"
JOB = replace(WAITING, runtime_s_max=50 * HOUR, wait_s_max=96 * HOUR, checkpoint_uri=None)


def pool(hours: float, interruptions: int, kind: str = TYPE, **changes: Any) -> PoolMemory:
    billed = {"billed_s": int(hours * HOUR * 0.3), "billed_of_s": int(hours * HOUR), "starts": 20, "waited_s": 20 * 600}
    return PoolMemory(
        instance_type=kind, region="us-east-1", exposure_s=int(hours * HOUR), interruptions=interruptions, **(billed | changes)
    )


def worth(of: Job = JOB, hours: float = 1000, interruptions: int = 150, length_h: float = 48, **run: Any) -> SpotWorth | None:
    return spot_worth(of, Run(length_s=int(length_h * HOUR), **run), {TYPE: pool(hours, interruptions)}, {TYPE: builders.rate()})


def known(found: SpotWorth | None) -> SpotWorth:
    assert found is not None
    return found


def test_a_run_of_two_days_without_checkpoints_costs_thousands_of_hours_and_with_them_little_more_than_the_run() -> None:
    found = known(worth())
    assert found.without.hours > 5000
    assert found.without.chance < 0.2
    assert 48 < found.checkpointed.hours < 55
    assert found.checkpointed.chance > 0.95
    assert found.on_demand.micros == 48 * 1_515_000
    assert found.without.micros == pytest.approx(found.without.hours * 0.3 * 1_515_000, rel=1e-6)
    assert found.checkpointed.share == pytest.approx(found.checkpointed.hours * 0.3 / 48, rel=1e-6)


def test_every_instance_is_counted() -> None:
    one, four = known(worth()), known(worth(replace(JOB, instance_count=4)))
    assert four.on_demand.micros == 4 * (one.on_demand.micros or 0)
    assert four.without.micros == pytest.approx(4 * (one.without.micros or 0), rel=1e-6)
    assert four.without.hours == one.without.hours


def test_a_run_of_a_second_costs_no_more_on_spot_than_on_demand() -> None:
    found = known(spot_worth(JOB, Run(length_s=1), {TYPE: pool(1000, 0)}, {TYPE: builders.rate()}))
    assert found.without.micros == pytest.approx(0.3 * (found.on_demand.micros or 0), rel=1e-3)


@pytest.mark.parametrize(("hours", "known"), [(9.9, False), (10, True)])
def test_a_pool_with_too_little_history_gives_no_result(hours: float, *, known: bool) -> None:
    assert (worth(hours=hours, interruptions=3) is not None) is known


def test_an_unknown_price_or_discount_leaves_the_cost_unknown_and_not_the_chance() -> None:
    unbilled = {TYPE: pool(1000, 150, billed_s=0, billed_of_s=0)}
    found = known(spot_worth(JOB, Run(length_s=48 * HOUR), unbilled, {TYPE: builders.rate()}))
    assert (found.without.share, found.without.micros) == (None, None)
    assert found.without.chance < 0.2
    unpriced = known(spot_worth(JOB, Run(length_s=48 * HOUR), {TYPE: pool(1000, 150)}, {}))
    assert (unpriced.without.micros, unpriced.on_demand.micros) == (None, None)
    assert unpriced.without.share is not None


def test_a_run_that_is_longer_than_the_job_may_run_finishes_nowhere() -> None:
    found = known(worth(replace(JOB, runtime_s_max=47 * HOUR)))
    assert (found.without.chance, found.checkpointed.chance, found.on_demand.chance) == (0, 0, 0)


def test_what_checkpoints_prove_and_the_time_that_has_passed_count() -> None:
    calm = {"hours": 1000.0, "interruptions": 50}
    assert known(worth(proven_s=40 * HOUR, **calm)).checkpointed.hours < 9
    assert known(worth(proven_s=40 * HOUR, **calm)).without.hours > 48
    assert known(worth(limit_s=47 * HOUR, **calm)).checkpointed.chance == 0
    assert known(worth(limit_s=47 * HOUR, proven_s=40 * HOUR, **calm)).checkpointed.chance > 0.9


def test_the_type_whose_pool_does_best_is_named() -> None:
    pools = {TYPE: pool(1000, 150), OTHER: pool(1000, 1, OTHER), "ml.g5.8xlarge": pool(5, 0, "ml.g5.8xlarge")}
    found = known(spot_worth(JOB, Run(length_s=24 * HOUR), pools, {TYPE: builders.rate(), OTHER: builders.rate(2_000_000)}))
    assert found.other_type == OTHER
    assert found.other is not None
    assert found.other.chance > 0.9 > 0.6 > found.without.chance


@pytest.mark.parametrize(
    ("changes", "written", "keeps"),
    [
        ({"checkpoint_uri": "s3://b/p/"}, None, True),
        ({"checkpoint_uri": "s3://b/p/"}, False, False),
        ({"checkpoint_uri": "s3://b/p/", "algorithm": builders.algorithm(checkpoints=False)}, None, False),
        ({}, None, False),
    ],
    ids=["a prefix", "nothing was written there", "an algorithm that writes none", "no prefix"],
)
def test_another_type_is_judged_by_the_checkpoints_that_the_job_writes(
    changes: dict[str, Any], written: bool | None, *, keeps: bool
) -> None:
    pools, rates = {TYPE: pool(1000, 900), OTHER: pool(1000, 150, OTHER)}, {TYPE: builders.rate(), OTHER: builders.rate()}
    found = known(spot_worth(replace(JOB, **changes), Run(length_s=48 * HOUR, written=written), pools, rates))
    assert found.other is not None
    assert found.other.chance > 0.9 if keeps else found.other.chance < 0.2


def test_a_run_is_as_long_as_its_owner_expects_or_the_median_of_three_runs_or_unknown() -> None:
    assert run_length_s(5400, (1, 2, 3)) == 5400
    assert run_length_s(None, (100, 9000, 200)) == 200
    assert run_length_s(None, (100, 9000)) is None


@pytest.mark.parametrize(
    ("seen", "length_h"),
    [
        ({"hours": 10.1, "interruptions": 10_000, "billed_s": 0}, 1),
        ({"hours": 10.1, "interruptions": 10_000}, 672),
        ({"hours": 1e9, "interruptions": 0, "starts": 0, "waited_s": 10**12}, 1 / 3600),
        ({"hours": 10, "interruptions": 10**9, "billed_s": 10**12, "billed_of_s": 1}, 48),
        ({"hours": 1000, "interruptions": 150, "billed_s": 0, "billed_of_s": 0}, 48),
    ],
)
def test_no_history_of_a_pool_breaks_the_arithmetic(seen: dict[str, Any], length_h: float) -> None:
    hours, interruptions = seen.pop("hours"), seen.pop("interruptions")
    pools = {TYPE: pool(hours, interruptions, **seen)}
    for price in (0, 1_515_000, 10**12):
        found = known(spot_worth(JOB, Run(length_s=round(length_h * 3600)), pools, {TYPE: builders.rate(price)}))
        for prospect in (found.without, found.checkpointed, found.on_demand):
            assert 0 <= prospect.chance <= 1
            assert 0.99 * length_h <= prospect.hours <= 10**9 or length_h * 60 < 1
            assert prospect.micros is None or 0 <= prospect.micros <= 10**15


def test_a_pool_in_which_nothing_was_ever_billed_says_nothing_of_the_cost() -> None:
    found = known(spot_worth(JOB, Run(length_s=48 * 3600), {TYPE: pool(1000, 150, billed_s=0)}, {TYPE: builders.rate()}))
    assert found.without.share is None
    assert found.without.micros is None
