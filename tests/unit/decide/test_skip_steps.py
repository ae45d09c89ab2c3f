"""After places that were refused, the next attempt takes the first place that was not, and in the end the job as it was."""

from __future__ import annotations

import pytest

from controller.decide.fallback import Fallback
from controller.decide.skip_steps import past_refused
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.ledger.intent import Submit
from controller.policy.resubmission import FallbackKind, FallbackStep
from tests.builders import BEGIN, block, budget, ended, facts, job

TYPE, ON_DEMAND = '{"ResourceConfig": {"InstanceType": "ml.g5.4xlarge"}}', '{"EnableManagedSpotTraining": false}'
LADDER = (FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=("ml.g5.4xlarge",)), FallbackStep(kind=FallbackKind.ON_DEMAND))


@pytest.mark.parametrize(
    ("refused", "chosen"),
    [
        ((), "ml.g5.4xlarge"),
        ((TYPE,), "on-demand"),
        ((TYPE, ON_DEMAND), "as it was"),
        ((TYPE, ON_DEMAND, ""), "none"),
    ],
)
def test_the_first_place_that_was_not_refused_is_next(refused: tuple[str, ...], chosen: str) -> None:
    given = block(causes={FailureCause.CAPACITY: budget(3)}, ladder=LADDER)
    over = facts(ended(job(), Outcome.CAPACITY))
    submits = tuple(
        Submit(about="bert", job=f"bert-{n}", number=n, cause=FailureCause.CAPACITY, changes=changes)
        for n, changes in enumerate(refused, start=2)
    )
    found = past_refused(over, given, FailureCause.CAPACITY, budget(3), submits)
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
    given = block(causes={FailureCause.STARVED: budget(3)}, ladder=LADDER)
    over = facts(ended(job()), checkpoint_scan=seen)
    found = past_refused(over, given, FailureCause.STARVED, budget(3), ())
    assert isinstance(found, Fallback)
    assert found.changes == {}
