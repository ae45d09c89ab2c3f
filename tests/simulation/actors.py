"""What users do: they write policies, create, stop, delete and copy jobs, and use names that the controller needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from controller.jobs.failure import FailureCause
from controller.ledger.attempt_name import attempt_name
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, Policy
from controller.policy.selector import Selector
from controller.policy.slack_settings import SlackSettings
from controller.policy.user_request import UserRequest
from infra.local.sagemaker.capacity import Steps
from infra.local.sagemaker.errors import ApiError
from infra.local.sagemaker.failures import Failure
from infra.local.sagemaker.script import Script, read_script
from infra.local.sagemaker.world import World
from tests import builders
from tests.simulation.canceller import WHO
from tests.simulation.faults import Faults
from tests.simulation.harness import PRICED
from tests.simulation.world_invariants import ROLES, InvariantChecker, Life

OTHER_ROLE = "arn:aws:iam::111122223333:role/Other"  # not in TrainingRoles: a job with it is never submitted again
NAMES = ("bert", "bert-r02", "gpt", "vit", "t5")
PREFIXES = ("s3://checkpoints/{name}/", "s3://checkpoints/{name}/", "s3://checkpoints/shared/", "s3://checkpoints/shared/b", None)
FAILURES = (None, None, None, "internal", "internal", "internal", "capacity", "capacity", "exit-code")
OWNERS: tuple[dict[str, str], ...] = (
    {"TuningJobArn": "arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/sweep"},
    {"AutoMLJobArn": "arn:aws:sagemaker:us-east-1:111122223333:automl-job/auto"},
)
LONG_S = 7200  # a runtime that the policies' rule forbids on-demand
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1"


def spot_capacity(rng: Random, begin: datetime) -> Steps:
    """Spot capacity that changes for some hours, and then is always enough."""
    steps, at_s = [(0.0, rng.choice([0, 1, 3]))], 0.0
    while at_s < 6 * 3600:
        at_s += rng.choice([600, 1800, 5400])
        steps.append((at_s, rng.choice([0, 0, 0, 1, 2])))
    return Steps(begin, [*steps, (at_s + 1, 20)], period_s=90 * 86_400.0)


def policy(rng: Random, revision: int) -> Policy:
    """A random policy, with or without a rule against on-demand, and a resubmit block."""
    rules = [
        builders.rule(
            "use-spot", mode=rng.choice(list(Mode)), applies_to=rng.choice(list(AppliesTo)), options={"runtime_over_s": 3600},
            channel=rng.choice(["#ml-spot", "#closed", "#read-only"]), match=_some(rng),
        )
        for _ in range(rng.choice([0, 1, 1]))
    ]  # fmt: skip
    blocks = [
        builders.block(
            mode=rng.choice([Mode.ENFORCE] * 8 + [Mode.WARN, Mode.AUDIT]), match=_some(rng),
            within_s=rng.choice([21_600, 21_600, 21_600, 1200]),
            causes={
                cause: builders.budget(rng.choice([0, 1, 2, 3, 3]), first_s=rng.choice([0, 60, 300]), most_s=1800)
                for cause in (FailureCause.STARVED, FailureCause.CAPACITY, FailureCause.INTERNAL)
                if rng.random() < 0.9
            },
        )
        for _ in range(rng.choice([0] + [1] * 9))
    ]  # fmt: skip
    may = SlackSettings(may={UserRequest.CANCEL: (WHO,)})
    return builders.policy(f"r{revision}", in_force_at=builders.BEGIN, rules=tuple(rules), resubmissions=tuple(blocks), slack=may)


def _some(rng: Random) -> Selector:
    return rng.choice([Selector(), Selector(), Selector(tags={"team": ("vision",)}), Selector(name=("bert*", "gpt"))])


def request(rng: Random, name: str) -> dict[str, Any]:
    """A random CreateTrainingJob request, as a person would write it."""
    spot = rng.random() < 0.8
    prefix = rng.choice(PREFIXES)
    runtime_s = rng.choice([1200, 3000, 7200])
    failure = rng.choice(FAILURES)
    plan: dict[str, Any] = {"work_s": rng.choice([300, 900, 2500]), "seed": name}
    if failure:
        plan |= {"fails_with": failure, "fails_times": rng.choice([1, 2, 9])}
    asked: dict[str, Any] = {
        "TrainingJobName": name,
        "RoleArn": rng.choice([*ROLES] * 9 + [OTHER_ROLE]),
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://models/out"},
        "ResourceConfig": {
            "InstanceType": rng.choice([PRICED, PRICED, "ml.p3.2xlarge"]), "InstanceCount": rng.choice([1, 1, 2]),
            "VolumeSizeInGB": 50,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": runtime_s},
        "HyperParameters": {key: str(value) for key, value in plan.items()},
        "Tags": [{"Key": "team", "Value": rng.choice(["vision", "speech"])}],
    }  # fmt: skip
    if spot:
        asked["EnableManagedSpotTraining"] = True
        asked["StoppingCondition"]["MaxWaitTimeInSeconds"] = runtime_s + rng.choice([0, 0, 600, 3600])
    if prefix:
        asked["CheckpointConfig"] = {"S3Uri": prefix.format(name=name)}
    return asked


def with_faults(rng: Random, faults: Faults, asked: dict[str, Any]) -> dict[str, Any]:
    """The request, with the drawn faults: a checkpoint prefix without a slash at its end, code that needs its instance type."""
    config, plan = asked.get("CheckpointConfig"), asked["HyperParameters"]
    if config and rng.random() < faults.open_prefixes:
        asked = asked | {"CheckpointConfig": {"S3Uri": config["S3Uri"].rstrip("/")}}
    if rng.random() < faults.tied_code:
        asked = asked | {"HyperParameters": plan | {TIED_TO: asked["ResourceConfig"]["InstanceType"]}}
    return asked


TIED_TO = "tied_to"
CANNOT_LOAD = Failure(
    'AlgorithmError: ExecuteUserScriptError: ExitCode 1 ErrorMessage "ZeRORuntimeException: The checkpoint being loaded used a '
    'DP world size of 4 but the current world size is 8"'
)


def script_of(request: Mapping[str, Any]) -> Script:
    """The script of a job's container. Code that is tied to an instance type always fails on others."""
    script, tied = read_script(request), (request.get("HyperParameters") or {}).get(TIED_TO)
    if tied in (None, request["ResourceConfig"]["InstanceType"]):
        return script
    return replace(script, fails=CANNOT_LOAD, fails_after_s=20, fails_times=None)


def spot_warning(number: int, at: datetime) -> dict[str, Any]:
    """EC2's spot event about an instance of no training job."""
    return {
        "source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning", "region": "us-east-1",
        "time": at.isoformat(), "detail": {"instance-id": f"i-{number:017x}", "instance-action": "terminate"},
    }  # fmt: skip


@dataclass(slots=True)
class Users:
    """The users of the account."""

    rng: Random
    world: World
    checker: InvariantChecker
    extend_request: tuple[Callable[[dict[str, Any]], dict[str, Any]] | None, ...] = ()

    def begin(
        self,
        name: str,
        *,
        like: Life | None = None,
        tags: list[dict[str, str]] | None = None,
        asked: dict[str, Any] | None = None,
    ) -> None:
        """Create a job, or let another service create it. Nothing happens if the name is in use."""
        asked = dict(like.job.request) if like else asked or request(self.rng, name)
        asked |= {"TrainingJobName": name}
        for extend in self.extend_request:
            asked = extend(asked) if extend is not None and like is None else asked
        if tags is not None:
            asked["Tags"] = tags
        owner = self.rng.choice(OWNERS) if like is None and self.rng.random() < 0.15 else None
        try:
            self.world.launch(asked, owner=owner)
        except ApiError:
            return
        self.checker.job_created(name, owned=owner is not None)

    def break_rule(self) -> None:
        """Create a long on-demand job, with a checkpoint prefix or without."""
        asked = {key: value for key, value in request(self.rng, "on-demand").items() if key != "EnableManagedSpotTraining"}
        self.begin(f"on-demand-{self.rng.randrange(100)}", asked=asked | {"StoppingCondition": {"MaxRuntimeInSeconds": LONG_S}})

    def stop(self) -> None:
        """Stop any running job."""
        life = self._one(lambda life: life.alive and life.job.status == "InProgress")
        if life:
            self.world.stop_training_job(life.name)

    def delete(self) -> Life | None:
        """Delete any job that has ended."""
        life = self._one(lambda life: not life.alive)
        if life is None:
            return None
        self.world.delete_training_job(life.name)
        self.checker.deleted(life)
        return life

    def reuse_name(self) -> None:
        """Create another job with the name of a deleted one, with or without its tags."""
        life = self.delete()
        if life is not None:
            tags = self.rng.choice([None, _tags(life)])
            self.world.advance_to(self.world.now + timedelta(milliseconds=1))
            self.begin(life.name, tags=tags)

    def take_next_name(self) -> None:
        """Create a job with the name of a next attempt of the controller."""
        life = self._one(lambda life: not life.ours)
        if life is not None:
            self.begin(attempt_name(life.lineage, self.rng.choice([2, 2, 3])), like=life)

    def clone_tags(self) -> None:
        """Create a job with all tags of another job, preferably of an attempt of the controller."""
        life = self._one(lambda life: life.ours) or self._one(lambda _: True)
        if life is not None:
            self.begin(f"copy-{self.rng.randrange(100)}", like=life, tags=_tags(life))

    def _one(self, matches: Any) -> Life | None:
        them = [life for life in self.checker.lives if life.deleted_at is None and not life.job.deleting and matches(life)]
        return self.rng.choice(them) if them else None


def _tags(life: Life) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in life.job.tags.items()]
