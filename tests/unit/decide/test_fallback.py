"""Each cause says whether the next attempt stays or climbs, and a step is never taken twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide.facts import Facts
from controller.decide.fallback import Fallback, NoFallback, candidate_types, fallback_steps, next_fallback
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.failure import FailureCause
from controller.jobs.request import change_to_json
from controller.ledger.entry import Started
from controller.ledger.intent import Intent, IntentResult, Submit
from controller.ledger.move_cause import MoveCause
from controller.ledger.pool import PoolMemory
from controller.policy.resubmission import FallbackKind, FallbackStep, Resubmission
from controller.units.money import Rate
from tests import builders
from tests.builders import BEGIN, block, budget, ended, facts, job

SAME = FallbackStep(kind=FallbackKind.SAME)
TYPES = FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=("ml.g5.4xlarge", "ml.g4dn.xlarge"))
ON_DEMAND = FallbackStep(kind=FallbackKind.ON_DEMAND)
SUBNETS = FallbackStep(kind=FallbackKind.SUBNETS, values=("subnet-0b",))
LADDER = (SAME, TYPES, SUBNETS, ON_DEMAND)


def started(name: str, instance_type: str = "ml.g5.2xlarge", **changes: Any) -> Started:
    first = Started(
        job=name, at=BEGIN, team="vision", number=1, spot=True, instance_type=instance_type, instance_count=1,
        region=builders.REGION, service=None, checkpoint_uri=None,
    )  # fmt: skip
    return replace(first, **changes)


def on_rung(*rungs: int, types: tuple[str, ...] = ("ml.g5.2xlarge",), **changes: Any) -> Facts:
    """An attempt that ended, after others that stood on these steps of the ladder and ran on these types."""
    life, number = builders.lineage_id(), len(rungs) + 1
    intents = [
        Intent(
            action=Submit(about="x", job=f"bert-{n}", number=n, cause=FailureCause.CAPACITY, fallback_step=fallback_step),
            due_at=BEGIN, claim=1,
            closed=IntentResult.DONE,
        )
        for n, fallback_step in enumerate(rungs, start=2)
    ]  # fmt: skip
    entries = [started("bert", types[0]), *(started(f"bert-{n}", t) for n, t in enumerate(types[1:], start=2))]
    about = ended(builders.attempt(number) if number > 1 else job(), **({"instance_type": types[-1]} | changes))
    return facts(about, number=number, lineage=builders.lineage(life, entries=entries, intents=intents))


def climbing(**changes: Any) -> Resubmission:
    return replace(block(ladder=LADDER), **changes)


def changes_of(step: Fallback | NoFallback) -> str:
    assert isinstance(step, Fallback)
    return change_to_json(step.changes)


def test_without_a_ladder_it_is_the_same_again() -> None:
    assert next_fallback(on_rung(), block(), FailureCause.CAPACITY) == Fallback(fallback_step=0, changes={})
    assert next_fallback(on_rung(0), block(), FailureCause.CAPACITY) == Fallback(fallback_step=0, changes={})


def test_what_found_no_capacity_tries_the_same_first_and_then_climbs() -> None:
    assert next_fallback(on_rung(), climbing(), FailureCause.CAPACITY) == Fallback(fallback_step=0, changes={})
    assert "ml.g4dn.xlarge" in changes_of(next_fallback(on_rung(0), climbing(), FailureCause.CAPACITY))


def test_what_never_launched_goes_to_another_pool_at_once() -> None:
    step = next_fallback(on_rung(), climbing(), FailureCause.NEVER_LAUNCHED)
    assert isinstance(step, Fallback)
    assert step.fallback_step == 1


def test_what_starved_with_a_checkpoint_keeps_its_pool_and_its_step() -> None:
    step = next_fallback(
        on_rung(0, 1, types=("ml.g5.2xlarge", "ml.g5.2xlarge", "ml.g4dn.xlarge")), climbing(), FailureCause.STARVED
    )
    assert step == Fallback(fallback_step=1, changes={})


def test_what_starved_without_a_checkpoint_is_never_repeated_unchanged() -> None:
    alone = on_rung(checkpoint_uri=None)
    assert isinstance(next_fallback(alone, block(), FailureCause.STARVED), NoFallback)
    step = next_fallback(alone, climbing(), FailureCause.STARVED)
    assert isinstance(step, Fallback)
    assert step.changes


def test_a_checkpoint_that_was_never_written_is_none() -> None:
    seen = CheckpointScan(uri="s3://checkpoints/bert/", scanned_at=BEGIN, objects=0, bytes_seen=0, newest_at=None, complete=True)
    assert isinstance(next_fallback(replace(on_rung(), checkpoint_scan=seen), block(), FailureCause.STARVED), NoFallback)


def test_what_overran_resumes_only_from_a_checkpoint() -> None:
    assert isinstance(next_fallback(on_rung(), block(), FailureCause.OVERRAN), Fallback)
    assert isinstance(next_fallback(on_rung(checkpoint_uri=None), climbing(), FailureCause.OVERRAN), NoFallback)


def test_a_type_that_was_tried_is_passed_over() -> None:
    tried = on_rung(0, 1, types=("ml.g5.2xlarge", "ml.g5.2xlarge", "ml.g4dn.xlarge"))
    assert "ml.g5.4xlarge" in changes_of(next_fallback(tried, climbing(), FailureCause.CAPACITY))


def test_subnets_are_no_step_for_a_job_without_a_vpc() -> None:
    assert FallbackKind.SUBNETS not in [fallback_step.kind for fallback_step in fallback_steps(on_rung(), climbing())]
    assert FallbackKind.SUBNETS in [
        fallback_step.kind for fallback_step in fallback_steps(on_rung(subnets=("subnet-0a",)), climbing())
    ]


def test_on_demand_leaves_spot_and_goes_back_to_the_type_that_people_asked_for() -> None:
    types = ("ml.g5.2xlarge", "ml.g5.2xlarge", "ml.g4dn.xlarge", "ml.g5.4xlarge")
    changes = changes_of(next_fallback(on_rung(0, 1, 2, types=types), climbing(), FailureCause.CAPACITY))
    assert '"EnableManagedSpotTraining": false' in changes
    assert '"MaxWaitTimeInSeconds": null' in changes
    assert '"InstanceType": "ml.g5.2xlarge"' in changes


def test_on_demand_is_no_step_where_the_policy_forbids_it() -> None:
    assert FallbackKind.ON_DEMAND not in [
        fallback_step.kind for fallback_step in fallback_steps(on_rung(), climbing(on_demand=False))
    ]


def test_equivalents_are_read_from_the_table() -> None:
    alike = climbing(ladder=(SAME, FallbackStep(kind=FallbackKind.EQUIVALENTS)))
    assert candidate_types(on_rung(), alike) == ("ml.g5.16xlarge", "ml.g5.4xlarge", "ml.g5.8xlarge")


def test_the_calmer_pool_comes_first_at_one_price_and_the_cheaper_at_one_calm() -> None:
    def pool(name: str, interruptions: int) -> PoolMemory:
        return PoolMemory(instance_type=name, region="us-east-1", exposure_s=360_000, interruptions=interruptions)

    rates = {name: builders.rate() for name in TYPES.values}
    stormy = {"ml.g4dn.xlarge": pool("ml.g4dn.xlarge", 80), "ml.g5.4xlarge": pool("ml.g5.4xlarge", 1)}
    there = replace(on_rung(0), rates=rates, pools=stormy)
    assert "ml.g5.4xlarge" in changes_of(next_fallback(there, climbing(), FailureCause.CAPACITY))
    cheap: dict[str, Rate] = rates | {"ml.g4dn.xlarge": builders.rate(500_000)}
    assert "ml.g4dn.xlarge" in changes_of(next_fallback(replace(there, rates=cheap, pools={}), climbing(), FailureCause.CAPACITY))


@pytest.mark.parametrize(
    ("cause", "given", "wanted"),
    [
        (FailureCause.MEMORY, budget(1, instance_type="ml.g5.12xlarge"), '"InstanceType": "ml.g5.12xlarge"'),
        (FailureCause.DISK, budget(1, volume_gb=500), '"VolumeSizeInGB": 500'),
    ],
)
def test_what_was_too_small_gets_what_the_policy_names(cause: FailureCause, given: Any, wanted: str) -> None:
    assert wanted in changes_of(next_fallback(on_rung(volume_gb=50), block(), cause, given))


def test_what_was_too_small_never_gets_the_same_size_again() -> None:
    same = on_rung(volume_gb=500)
    assert isinstance(next_fallback(same, block(), FailureCause.DISK, budget(1, volume_gb=500)), NoFallback)
    assert isinstance(next_fallback(same, block(), FailureCause.MEMORY, budget(1, instance_type="ml.g5.2xlarge")), NoFallback)
    assert isinstance(next_fallback(same, block(), FailureCause.MEMORY, budget(1)), NoFallback)


def test_too_many_interruptions_climb_and_stay_where_there_is_nothing_above() -> None:
    assert isinstance(next_fallback(on_rung(), climbing(), MoveCause.INTERRUPTIONS), Fallback)
    assert isinstance(next_fallback(on_rung(), block(), MoveCause.INTERRUPTIONS), NoFallback)


def test_the_step_depends_on_nothing_but_the_facts() -> None:
    there = on_rung(0)
    later = replace(there, now=there.now + timedelta(days=1))
    assert next_fallback(there, climbing(), FailureCause.CAPACITY) == next_fallback(later, climbing(), FailureCause.CAPACITY)
