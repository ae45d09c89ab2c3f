"""An attacker in the account, who creates jobs with another role, changes tags, or writes forged rows into the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from controller.jobs.failure import FailureCause
from controller.ledger.attempt_name import attempt_name
from controller.ledger.intent import Intent, Submit
from controller.ledger.lineage import LINEAGE_TAG
from infra.local.sagemaker.errors import ApiError
from infra.local.sagemaker.world import World
from tests.simulation.world_invariants import FORGED, InvariantChecker, Life

ROLE = "arn:aws:iam::111122223333:role/stranger"
OUTPUT = "s3://stranger/poisoned"


@dataclass(slots=True)
class Stranger:
    """What an attacker does at random moments."""

    rng: Random
    world: World
    checker: InvariantChecker

    def squat_name(self) -> None:
        """Create a job under the name of a next attempt, with or without tags of an attempt."""
        victim = self._one(lambda life: not life.hostile)
        if victim is None:
            return
        number = self.rng.choice([2, 2, 2, 3])
        spot, tagged = self.rng.random() < 0.3, self.rng.random() < 0.5
        asked: dict[str, Any] = {
            "TrainingJobName": attempt_name(victim.lineage, number),
            "RoleArn": ROLE,
            "AlgorithmSpecification": {
                "TrainingImage": "999999999999.dkr.ecr.us-east-1.amazonaws.com/evil:1",
                "TrainingInputMode": "File",
            },
            "OutputDataConfig": {"S3OutputPath": OUTPUT},
            "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
            "StoppingCondition": {"MaxRuntimeInSeconds": 200_000} | ({"MaxWaitTimeInSeconds": 200_000} if spot else {}),
            "EnableManagedSpotTraining": spot,
            "HyperParameters": {"work_s": "100000" if not spot else "600"},
            "Tags": _tags_of_an_attempt(victim, number) if tagged else [],
        }
        try:
            self.world.launch(asked)
        except ApiError:
            return
        self.checker.job_created(asked["TrainingJobName"], hostile=True)

    def remove_tags(self) -> None:
        """Remove the controller's tags from a job."""
        life = self._one(lambda life: life.ours) or self._one(lambda _: True)
        if life is not None:
            gone = [key for key in life.job.tags if key in (LINEAGE_TAG, "spotwarden:attempt", "spotwarden:cause")]
            self.world.delete_tags(life.job.arn, gone)

    def forge_tags(self) -> None:
        """Add the tags of an attempt of another lineage, or of a probe, to a job."""
        life, other = self._one(lambda _: True), self._one(lambda _: True)
        if life is None or other is None:
            return
        probe = [{"Key": "spotwarden:probe", "Value": other.name}] if self.rng.random() < 0.3 else []
        try:
            self.world.add_tags(life.job.arn, [*_tags_of_an_attempt(other, self.rng.choice([2, 3])), *probe])
        except ApiError:
            return

    def forge_row(self) -> None:
        """Write a Submit into the ledger: a new one, or one that seems to have been claimed by a killed function."""
        life = self._one(lambda life: not life.hostile and not life.owned)
        if life is None or not self.checker.ledger.row(life.lineage).version:
            return
        number, now = life.number + self.rng.choice([1, 1, 2]), self.world.now
        action = Submit(
            about=life.name, born_at=life.job.created_at, job=attempt_name(life.lineage, number), number=number,
            cause=FailureCause.INTERNAL, identity=FORGED, sent=FORGED,
            changes='{"EnableManagedSpotTraining": false, "ResourceConfig": {"InstanceCount": 20}}',
        )  # fmt: skip
        intent = Intent(action=action, due_at=now - timedelta(minutes=2))
        if self.rng.random() < 0.5:
            intent = intent.leased(now - timedelta(minutes=1), now - timedelta(minutes=2))
        row = self.checker.ledger.row(life.lineage)
        if intent.key not in row.intents:
            row.put(intent)
            self.checker.ledger.by_name.setdefault((self.world.account, self.world.region, action.job), life.lineage)

    def _one(self, matches: Any) -> Life | None:
        them = [life for life in self.checker.lives if life.deleted_at is None and not life.job.deleting and matches(life)]
        return self.rng.choice(them) if them else None


def _tags_of_an_attempt(life: Life, number: int) -> list[dict[str, str]]:
    return [
        {"Key": LINEAGE_TAG, "Value": str(life.lineage)},
        {"Key": "spotwarden:attempt", "Value": str(number)},
        {"Key": "spotwarden:cause", "Value": "internal"},
    ]
