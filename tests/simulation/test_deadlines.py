"""No deadline that could be kept is missed, in worlds whose calls succeed, although events are lost, duplicated and late."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any

from controller.decide.deadline.outlook import move_costs
from controller.jobs.directives import DEADLINE_TAG, RUNTIME_TAG
from controller.policy.resubmission import DeadlineSettings
from tests import builders
from tests.builders import BEGIN
from tests.simulation.faults import Faults
from tests.simulation.history import History
from tests.simulation.world_invariants import ROLES

EVENT_FAULTS = Faults(event_lost=0.2, event_duplicated=0.5, event_late=0.2)
SEEDS = range(80)
WORK_S = 3000
LATEST_CREATION = timedelta(minutes=40)  # users create their jobs within that time
TERMS = move_costs(DeadlineSettings(), resumable=True)
NEEDED = timedelta(seconds=WORK_S + TERMS.overhead_s + TERMS.margin_s + TERMS.reserve_s) + timedelta(minutes=5)


def history_with_deadlines(seed: int) -> History | None:
    """A history in which all jobs have a deadline. None if the world may refuse on-demand, or if jobs may hang."""
    history = History(seed, faults=EVENT_FAULTS)
    settings, rng = history.world.settings, Random(seed)  # noqa: S311 - repeatable, not secret
    if settings.on_demand_shortage or settings.stuck or settings.quotas:
        return None
    due = BEGIN + LATEST_CREATION + NEEDED + timedelta(minutes=rng.choice([0, 30, 120]))

    def with_deadline(request: dict[str, Any]) -> dict[str, Any]:
        name = request["TrainingJobName"]
        tags = {"team": "vision", DEADLINE_TAG: f"{due:%Y-%m-%dT%H:%M:%SZ}", RUNTIME_TAG: f"{WORK_S}"}
        plan = {"work_s": str(WORK_S - 100), "checkpoint_every_s": rng.choice(["300", "600", "never"])}
        return request | {
            "RoleArn": min(ROLES),  # a job of another role is never moved
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            "HyperParameters": plan,
            "CheckpointConfig": {"S3Uri": f"s3://checkpoints/{name}/"},
            "StoppingCondition": {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 28_800},
            "EnableManagedSpotTraining": True,
        }

    history.extend_request = with_deadline
    policy = builders.policy(
        "r0",
        in_force_at=BEGIN,
        rules=(),
        resubmissions=(builders.block(deadline=DeadlineSettings(move_without_checkpoint=True)),),
    )
    history.policies = [policy]
    history.rollout.history = [(BEGIN, policy)]
    return history


def test_every_deadline_that_could_be_kept_is_kept() -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        history = history_with_deadlines(seed)
        if history is None:
            continue
        history.run()
        for life in history.checker.lives:
            if life.owned or life.ours:
                continue
            last = max((o for o in history.checker.lives if o.lineage == life.lineage), key=lambda o: o.number)
            due = datetime.fromisoformat(life.job.tags[DEADLINE_TAG])
            assert last.job.status == "Completed", f"seed {seed}: {last.where} ended {last.job.secondary}"
            assert last.job.ended_at is not None
            assert last.job.ended_at <= due, f"seed {seed}: {last.where} ended at {last.job.ended_at}, wanted {due}"
            seen["kept"] += 1
            seen["moved"] += not last.job.spot
    assert seen["kept"] > 50, seen
    assert seen["moved"] > 10, seen
    assert seen["moved"] < seen["kept"], seen
