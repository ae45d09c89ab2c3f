"""Each cause decides whether the next attempt keeps its step or takes the next one; no step is taken twice.

A move goes to on-demand, back to spot, or to the next step; places that were refused are skipped.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide.facts import Facts
from controller.decide.resubmit.fallback import (
    Fallback,
    NoFallback,
    candidate_types,
    current_step,
    fallback_steps,
    next_fallback,
    step_of_move,
    step_past_refused,
)
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.jobs.request import change_to_json
from controller.ledger.entry import Started
from controller.ledger.intent import Intent, IntentResult, Submit
from controller.ledger.move_cause import MoveCause
from controller.ledger.pool import PoolMemory
from controller.policy.resubmission import FallbackKind, FallbackStep, Resubmission
from controller.units.money import Rate
from tests import builders
from tests.builders import BEGIN, attempt, block, budget, ended, facts, job, lineage

SAME = FallbackStep(kind=FallbackKind.SAME)
TYPES = FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=("ml.g5.4xlarge", "ml.g4dn.xlarge"))
ON_DEMAND = FallbackStep(kind=FallbackKind.ON_DEMAND)
SUBNETS = FallbackStep(kind=FallbackKind.SUBNETS, values=("subnet-0b",))
LADDER = (SAME, TYPES, SUBNETS, ON_DEMAND)
TYPE, NO_SPOT = '{"ResourceConfig": {"InstanceType": "ml.g5.4xlarge"}}', '{"EnableManagedSpotTraining": false}'
SHORT = (FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=("ml.g5.4xlarge",)), ON_DEMAND)


def started(name: str, instance_type: str = "ml.g5.2xlarge", **changes: Any) -> Started:
    first = Started(
        job=name, at=BEGIN, team="vision", number=1, spot=True, instance_type=instance_type, instance_count=1,
        region=builders.REGION, service=None, checkpoint_uri=None,
    )  # fmt: skip
    return replace(first, **changes)


def on_step(*steps: int, types: tuple[str, ...] = ("ml.g5.2xlarge",), **changes: Any) -> Facts:
    """An attempt that ended, after others that used these fallback steps and ran on these instance types."""
    of, number = builders.lineage_id(), len(steps) + 1
    intents = [
        Intent(
            action=Submit(about="x", job=f"bert-{n}", number=n, cause=FailureCause.CAPACITY, fallback_step=fallback_step),
            due_at=BEGIN, claim=1,
            closed=IntentResult.DONE,
        )
        for n, fallback_step in enumerate(steps, start=2)
    ]  # fmt: skip
    entries = [started("bert", types[0]), *(started(f"bert-{n}", t) for n, t in enumerate(types[1:], start=2))]
    about = ended(builders.attempt(number) if number > 1 else job(), **({"instance_type": types[-1]} | changes))
    return facts(about, number=number, lineage=builders.lineage(of, entries=entries, intents=intents))


def with_ladder(**changes: Any) -> Resubmission:
    return replace(block(ladder=LADDER), **changes)


def changes_of(step: Fallback | NoFallback) -> str:
    assert isinstance(step, Fallback)
    return change_to_json(step.changes)


def test_without_a_ladder_the_same_request_is_submitted_again() -> None:
    assert next_fallback(on_step(), block(), FailureCause.CAPACITY) == Fallback(fallback_step=0, changes={})
    assert next_fallback(on_step(0), block(), FailureCause.CAPACITY) == Fallback(fallback_step=0, changes={})


def test_without_capacity_the_same_step_is_tried_first_and_then_the_next() -> None:
    assert next_fallback(on_step(), with_ladder(), FailureCause.CAPACITY) == Fallback(fallback_step=0, changes={})
    assert "ml.g4dn.xlarge" in changes_of(next_fallback(on_step(0), with_ladder(), FailureCause.CAPACITY))


def test_a_job_that_never_launched_takes_another_pool_immediately() -> None:
    step = next_fallback(on_step(), with_ladder(), FailureCause.NEVER_LAUNCHED)
    assert isinstance(step, Fallback)
    assert step.fallback_step == 1


def test_a_starved_job_with_a_checkpoint_keeps_its_pool_and_its_step() -> None:
    step = next_fallback(
        on_step(0, 1, types=("ml.g5.2xlarge", "ml.g5.2xlarge", "ml.g4dn.xlarge")), with_ladder(), FailureCause.STARVED
    )
    assert step == Fallback(fallback_step=1, changes={})


def test_a_starved_job_without_a_checkpoint_is_never_repeated_unchanged() -> None:
    alone = on_step(checkpoint_uri=None)
    assert isinstance(next_fallback(alone, block(), FailureCause.STARVED), NoFallback)
    step = next_fallback(alone, with_ladder(), FailureCause.STARVED)
    assert isinstance(step, Fallback)
    assert step.changes


def test_an_empty_checkpoint_prefix_counts_as_no_checkpoint() -> None:
    seen = CheckpointScan(uri="s3://checkpoints/bert/", scanned_at=BEGIN, objects=0, bytes_seen=0, newest_at=None, complete=True)
    assert isinstance(next_fallback(replace(on_step(), checkpoint_scan=seen), block(), FailureCause.STARVED), NoFallback)


def test_a_job_that_exceeded_max_runtime_is_retried_only_from_a_checkpoint() -> None:
    assert isinstance(next_fallback(on_step(), block(), FailureCause.OVERRAN), Fallback)
    assert isinstance(next_fallback(on_step(checkpoint_uri=None), with_ladder(), FailureCause.OVERRAN), NoFallback)


def test_an_instance_type_that_was_tried_is_skipped() -> None:
    tried = on_step(0, 1, types=("ml.g5.2xlarge", "ml.g5.2xlarge", "ml.g4dn.xlarge"))
    assert "ml.g5.4xlarge" in changes_of(next_fallback(tried, with_ladder(), FailureCause.CAPACITY))


def test_subnets_are_no_step_for_a_job_without_a_vpc() -> None:
    assert FallbackKind.SUBNETS not in [fallback_step.kind for fallback_step in fallback_steps(on_step(), with_ladder())]
    assert FallbackKind.SUBNETS in [
        fallback_step.kind for fallback_step in fallback_steps(on_step(subnets=("subnet-0a",)), with_ladder())
    ]


def test_the_step_to_other_subnets_returns_to_the_requested_instance_type() -> None:
    in_vpc = on_step(0, 1, types=("ml.g5.2xlarge", "ml.g5.4xlarge", "ml.g4dn.xlarge"), subnets=("subnet-0a",))
    step = next_fallback(in_vpc, block(ladder=(SAME, TYPES, SUBNETS)), FailureCause.CAPACITY)
    assert isinstance(step, Fallback)
    assert step.changes["ResourceConfig"]["InstanceType"] == "ml.g5.2xlarge"
    assert step.changes["VpcConfig"] == {"Subnets": ["subnet-0b"]}


def test_the_step_on_demand_returns_to_the_requested_instance_type() -> None:
    types = ("ml.g5.2xlarge", "ml.g5.2xlarge", "ml.g4dn.xlarge", "ml.g5.4xlarge")
    changes = changes_of(next_fallback(on_step(0, 1, 2, types=types), with_ladder(), FailureCause.CAPACITY))
    assert '"EnableManagedSpotTraining": false' in changes
    assert '"MaxWaitTimeInSeconds": null' in changes
    assert '"InstanceType": "ml.g5.2xlarge"' in changes


def test_on_demand_is_no_step_where_the_policy_forbids_it() -> None:
    assert FallbackKind.ON_DEMAND not in [
        fallback_step.kind for fallback_step in fallback_steps(on_step(), with_ladder(on_demand=False))
    ]


def test_equivalents_are_read_from_the_table() -> None:
    alike = with_ladder(ladder=(SAME, FallbackStep(kind=FallbackKind.EQUIVALENTS)))
    assert candidate_types(on_step(), alike) == ("ml.g5.16xlarge", "ml.g5.4xlarge", "ml.g5.8xlarge")


def test_at_equal_prices_the_less_interrupted_pool_comes_first_and_otherwise_the_cheaper() -> None:
    def pool(name: str, interruptions: int) -> PoolMemory:
        return PoolMemory(instance_type=name, region="us-east-1", exposure_s=360_000, interruptions=interruptions)

    rates = {name: builders.rate() for name in TYPES.values}
    interrupted = {"ml.g4dn.xlarge": pool("ml.g4dn.xlarge", 80), "ml.g5.4xlarge": pool("ml.g5.4xlarge", 1)}
    there = replace(on_step(0), rates=rates, pools=interrupted)
    assert "ml.g5.4xlarge" in changes_of(next_fallback(there, with_ladder(), FailureCause.CAPACITY))
    cheap: dict[str, Rate] = rates | {"ml.g4dn.xlarge": builders.rate(500_000)}
    assert "ml.g4dn.xlarge" in changes_of(
        next_fallback(replace(there, rates=cheap, pools={}), with_ladder(), FailureCause.CAPACITY)
    )


@pytest.mark.parametrize(
    ("cause", "given", "wanted"),
    [
        (FailureCause.MEMORY, budget(1, instance_type="ml.g5.12xlarge"), '"InstanceType": "ml.g5.12xlarge"'),
        (FailureCause.DISK, budget(1, volume_gb=500), '"VolumeSizeInGB": 500'),
    ],
)
def test_a_job_without_enough_memory_or_disk_gets_the_size_that_the_policy_names(
    cause: FailureCause, given: Any, wanted: str
) -> None:
    larger = next_fallback(on_step(volume_gb=50), block(), cause, given)
    assert wanted in changes_of(larger)
    assert isinstance(larger, Fallback)
    assert larger.fallback_step == 0


def test_a_job_without_enough_memory_or_disk_never_gets_the_same_size_again() -> None:
    same = on_step(volume_gb=500)
    assert isinstance(next_fallback(same, block(), FailureCause.DISK, budget(1, volume_gb=500)), NoFallback)
    assert isinstance(next_fallback(same, block(), FailureCause.MEMORY, budget(1, instance_type="ml.g5.2xlarge")), NoFallback)
    assert isinstance(next_fallback(same, block(), FailureCause.MEMORY, budget(1)), NoFallback)


def test_too_many_interruptions_take_the_next_step_if_there_is_one() -> None:
    assert isinstance(next_fallback(on_step(), with_ladder(), MoveCause.INTERRUPTIONS), Fallback)
    assert isinstance(next_fallback(on_step(), block(), MoveCause.INTERRUPTIONS), NoFallback)


def test_the_step_does_not_depend_on_the_time() -> None:
    there = on_step(0)
    later = replace(there, now=there.now + timedelta(days=1))
    assert next_fallback(there, with_ladder(), FailureCause.CAPACITY) == next_fallback(
        later, with_ladder(), FailureCause.CAPACITY
    )


def submitted(number: int, step: int) -> Intent:
    action = Submit(about="bert", job=f"bert-r{number:02}", number=number, cause=FailureCause.STARVED, fallback_step=step)
    return Intent(action=action, due_at=BEGIN + timedelta(minutes=number), claim=1)


def at_step(*intents: Intent, number: int = 3, **changes: object) -> Facts:
    return facts(attempt(number, **changes), number=number, lineage=lineage(intents=intents))


def test_the_first_request_has_step_0_and_an_attempt_the_highest_step_used_so_far() -> None:
    assert current_step(facts()) == 0
    assert current_step(at_step(submitted(2, 2), submitted(3, 1))) == 2
    assert current_step(at_step(submitted(2, 1), submitted(3, 1), submitted(4, 3))) == 1, "attempt 4 comes later"


@pytest.mark.parametrize("cause", [MoveCause.DEADLINE, MoveCause.ASKED])
def test_a_move_for_a_deadline_or_a_person_is_to_on_demand_and_keeps_the_step(cause: MoveCause) -> None:
    found = step_of_move(at_step(submitted(2, 2), submitted(3, 2)), block(), cause)
    assert isinstance(found, Fallback)
    assert (found.fallback_step, found.changes["EnableManagedSpotTraining"]) == (2, False)


def test_a_return_is_to_spot_with_the_job_s_own_time_limits_and_keeps_the_step() -> None:
    found = step_of_move(at_step(submitted(2, 1), submitted(3, 1), spot=False), block(), MoveCause.RETURN)
    assert isinstance(found, Fallback)
    assert (found.fallback_step, found.changes["EnableManagedSpotTraining"]) == (1, True)
    assert found.changes["StoppingCondition"]["MaxRuntimeInSeconds"] == 36_000


def test_a_return_without_a_known_max_runtime_assumes_sagemaker_s_default_of_a_day() -> None:
    found = step_of_move(at_step(spot=False, runtime_s_max=None), block(), MoveCause.RETURN)
    assert isinstance(found, Fallback)
    assert found.changes["StoppingCondition"]["MaxRuntimeInSeconds"] == 86_400


def test_without_a_resubmit_block_there_is_no_further_step_and_the_job_goes_on_as_it_was() -> None:
    for step in (0, 2):
        of = at_step(*([submitted(2, step)] if step else []))
        assert step_of_move(of, None, MoveCause.INTERRUPTIONS) == Fallback(fallback_step=step, changes={})


@pytest.mark.parametrize(
    ("refused", "chosen"),
    [
        ((), "ml.g5.4xlarge"),
        ((TYPE,), "on-demand"),
        ((TYPE, NO_SPOT), "as it was"),
        ((TYPE, NO_SPOT, ""), "none"),
    ],
)
def test_the_first_place_that_was_not_refused_is_next(refused: tuple[str, ...], chosen: str) -> None:
    given = block(causes={FailureCause.CAPACITY: budget(3)}, ladder=SHORT)
    over = facts(ended(job(), Outcome.CAPACITY))
    submits = tuple(
        Submit(about="bert", job=f"bert-{n}", number=n, cause=FailureCause.CAPACITY, changes=changes)
        for n, changes in enumerate(refused, start=2)
    )
    found = step_past_refused(over, given, FailureCause.CAPACITY, budget(3), submits, {})
    if chosen == "none":
        assert found is None
        return
    assert isinstance(found, Fallback)
    match chosen:
        case "on-demand":
            assert found.changes["EnableManagedSpotTraining"] is False
        case "as it was":
            assert found.changes == {}
        case _:
            assert found.changes["ResourceConfig"]["InstanceType"] == chosen


def test_what_the_outcome_asks_for_comes_before_the_ladder() -> None:
    seen = CheckpointScan(
        uri="s3://checkpoints/bert/", scanned_at=BEGIN, objects=1, bytes_seen=1, newest_at=BEGIN, complete=True
    )  # fmt: skip
    given = block(causes={FailureCause.STARVED: budget(3)}, ladder=SHORT)
    over = facts(ended(job()), checkpoint_scan=seen)
    found = step_past_refused(over, given, FailureCause.STARVED, budget(3), (), {})
    assert isinstance(found, Fallback)
    assert found.changes == {}
