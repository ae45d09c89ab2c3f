"""The jobs of the demo: five teams, four pools, and at least one job for each rule, outcome and kind of owner."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.sagemaker.capacity import Capacity, Steps, generate
from infra.local.sagemaker.settings import WorldSettings

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
TEAMS = ("vision", "speech", "search", "ads", "robotics")
POOLS = ("ml.g4dn.xlarge", "ml.g5.xlarge", "ml.g5.2xlarge", "ml.p3.2xlarge")
PEOPLE: Mapping[str, tuple[str, ...]] = {
    "vision": ("ada", "grace"),
    "speech": ("alan",),
    "search": ("edsger", "barbara"),
    "ads": ("john",),
    "robotics": ("katherine", "norbert"),
}

PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1-gpu-py311"
DETECTION = "811284229777.dkr.ecr.us-east-1.amazonaws.com/object-detection:1"
KMEANS = "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1"
OWN_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/acme-trainer:7"
MARKETPLACE = "acme-marketplace-forecaster"

DELETED_BUCKET = "s3://acme-tidied-away"
HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One job that a user creates at the time ``after``, counted from the beginning of the demo.

    ``owner`` has the members of a description that name an owner, such as TuningJobArn, with their ARNs.
    """

    after: timedelta
    request: Mapping[str, Any]
    owner: Mapping[str, str] = field(default_factory=dict)
    stopped_after: timedelta | None = None  # when its user stops it, counted from its creation
    deleted_after: timedelta | None = None  # when its user deletes it, counted from its creation

    @property
    def name(self) -> str:
        return str(self.request["TrainingJobName"])


def settings() -> WorldSettings:
    """The settings of the demo's SageMaker: some events are lost, doubled, late or reordered; usage appears after two minutes."""
    return WorldSettings(
        event_lost=0.05,
        event_duplicated=0.20,
        event_late=0.02,
        event_reordered=0.05,
        usage_delay_s=120,
        times_as="mixed",
        absent_as="mixed",
        tags_as="mixed",
    )


def capacities(seed: int) -> dict[str, Capacity]:
    """The spot capacity of the four pools, by instance type. Three are drawn from the seed; ml.p3.2xlarge often has none."""
    drawn: dict[str, Capacity] = {pool: generate(f"{seed}/{pool}", MONDAY) for pool in POOLS}
    drawn["ml.p3.2xlarge"] = Steps(MONDAY, ((0, 0), (9 * HOUR_S, 4), (11 * HOUR_S, 0), (20 * HOUR_S, 2)), period_s=24 * HOUR_S)
    return drawn


def launches(seed: int, count: int, workdays: timedelta) -> tuple[Launch, ...]:
    """The jobs in order of time: all that the demo must show, and ordinary ones until there are ``count`` jobs."""
    shown = tuple(_shown())
    rng = random.Random(f"scenario/{seed}")  # noqa: S311  (a scenario, not a secret)
    ordinary = (_ordinary(rng, number, workdays) for number in range(count - len(shown)))
    return tuple(sorted((*shown, *ordinary), key=lambda launch: launch.after))


def request(
    name: str,
    team: str | None,
    instance_type: str = "ml.g5.xlarge",
    *,
    image: str = PYTORCH,
    spot: bool = True,
    checkpoint: str | None = "",
    runtime_h: float = 8,
    wait_h: float | None = None,
    instances: int = 1,
    tags: Mapping[str, str] | None = None,
    algorithm_name: str | None = None,
    **plan: object,
) -> dict[str, Any]:
    """A CreateTrainingJob request. ``plan`` are hyperparameters that decide what the container does, such as ``work_s`` (see
    ``read_script``).

    ``checkpoint`` is the prefix; empty: one for this job alone; None: no CheckpointConfig.
    """
    runtime_s = int(runtime_h * HOUR_S)
    limits = {"MaxRuntimeInSeconds": runtime_s}
    if spot:
        limits["MaxWaitTimeInSeconds"] = int(wait_h * HOUR_S) if wait_h else 2 * runtime_s
    owner = {"team": team, "owner": PEOPLE[team][len(name) % len(PEOPLE[team])]} if team else {}
    made: dict[str, Any] = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingInputMode": "File"}
        | ({"AlgorithmName": algorithm_name} if algorithm_name else {"TrainingImage": image}),
        "RoleArn": "arn:aws:iam::123456789012:role/acme-training",
        "OutputDataConfig": {"S3OutputPath": f"s3://acme-models/{team or 'unknown'}/"},
        "ResourceConfig": {"InstanceType": instance_type, "InstanceCount": instances, "VolumeSizeInGB": 50},
        "StoppingCondition": limits,
        "EnableManagedSpotTraining": spot,
        "HyperParameters": {key: str(value) for key, value in plan.items()},
        "Tags": [{"Key": key, "Value": value} for key, value in (owner | dict(tags or {})).items()],
    }
    if checkpoint is not None:
        made["CheckpointConfig"] = {"S3Uri": checkpoint or f"s3://acme-checkpoints/{team or 'unknown'}/{name}/"}
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """The length of the demo. Ordinary jobs are created within ``workdays``. After ``days``, jobs have ``rest`` to end."""

    jobs: int
    workdays: timedelta
    days: timedelta
    rest: timedelta

    @property
    def ends_at(self) -> datetime:
        """When the demo is over."""
        return MONDAY + self.days + self.rest


SHORT = Length(jobs=45, workdays=timedelta(days=1.5), days=timedelta(days=2), rest=timedelta(hours=14))
WEEK = Length(jobs=150, workdays=timedelta(days=5), days=timedelta(days=7), rest=timedelta(days=2))


def _at(day: int, hour: float) -> timedelta:
    return timedelta(days=day, hours=hour)


def _shown() -> Iterator[Launch]:
    yield from _rule_breakers()
    yield from _outcomes()
    yield from _finished()
    yield from _owned()


def _rule_breakers() -> Iterator[Launch]:
    yield Launch(after=_at(0, 8), request=request("detector-no-checkpoint", "vision", checkpoint=None, work_s=20000))
    yield Launch(after=_at(0, 8.5), request=request("asr-elsewhere", "speech", checkpoint="s3://somebody-else/asr/", work_s=9000))
    yield Launch(
        after=_at(0, 9),
        request=request("customers-kmeans", "ads", image=KMEANS, checkpoint=None, runtime_h=1, wait_h=1, work_s=1500),
    )
    yield Launch(after=_at(0, 9.2), request=request("ranker-patient", "search", runtime_h=6, wait_h=70, work_s=12000))
    yield Launch(after=_at(0, 9.4), request=request("bids-endless", "ads", runtime_h=100, wait_h=110, work_s=30000))
    yield Launch(after=_at(0, 10), request=request("ctr-on-demand", "ads", spot=False, runtime_h=10, work_s=30000))
    shared = "s3://acme-checkpoints/robotics/shared/"
    yield Launch(after=_at(0, 10.5), request=request("gripper-one", "robotics", checkpoint=shared, work_s=15000))
    yield Launch(after=_at(0, 11.5), request=request("gripper-two", "robotics", checkpoint=shared + "arm/", work_s=9000))
    yield Launch(after=_at(0, 12), request=request("no-team-job", None, work_s=5000))
    yield Launch(after=_at(0, 13), request=request("reranker-big", "search", "ml.p3.2xlarge", runtime_h=4, work_s=7000))
    yield Launch(
        after=_at(0, 14),
        request=request("launch-post", "vision", "ml.p3.2xlarge", image=DETECTION, runtime_h=24, wait_h=48, work_s=2423),
    )
    yield Launch(
        after=_at(0, 14.5),
        request=request(
            "forecast-bought", "ads", checkpoint=None, runtime_h=1, wait_h=1, algorithm_name=MARKETPLACE, work_s=1200
        ),
    )


def _outcomes() -> Iterator[Launch]:
    yield Launch(after=_at(1, 8), request=request("segmenter-fine", "vision", work_s=9000))
    yield Launch(after=_at(0, 12), request=request("pose-starved", "vision", "ml.p3.2xlarge", runtime_h=2, wait_h=3, work_s=6000))
    yield Launch(
        after=_at(1, 11), request=request("arm-starved", "robotics", "ml.p3.2xlarge", runtime_h=1, wait_h=1.2, work_s=3000)
    )
    yield Launch(
        after=_at(1, 12), request=request("query-starved", "search", "ml.p3.2xlarge", runtime_h=1, wait_h=2, work_s=3000)
    )
    yield Launch(after=_at(1, 9), request=request("asr-no-capacity", "speech", work_s=5000, fails_with="capacity", fails_times=2))
    yield Launch(after=_at(1, 9.5), request=request("asr-internal", "speech", work_s=5000, fails_with="internal", fails_times=1))
    yield Launch(after=_at(1, 10), request=request("planner-internal", "robotics", work_s=5000, fails_with="internal"))
    yield Launch(after=_at(1, 10.5), request=request("tagger-bug", "search", work_s=5000, fails_with="script", fails_after_s=600))
    yield Launch(
        after=_at(1, 11), request=request("reader-own-text", "search", work_s=5000, fails_with="impostor", fails_after_s=60)
    )
    yield Launch(after=_at(1, 11.5), request=request("features-disk", "ads", work_s=5000, fails_with="disk"))
    yield Launch(
        after=_at(1, 12.5),
        request=request("oddity", "ads", work_s=3000, fails_with="UnknownError: undocumented"),
    )
    yield Launch(after=_at(1, 13), request=request("overrunner", "speech", runtime_h=1, wait_h=6, work_s=9000))
    yield Launch(after=_at(1, 14), request=request("changed-my-mind", "vision", work_s=30000), stopped_after=timedelta(hours=2))
    yield Launch(after=_at(1, 15), request=request("tidied-away", "search", work_s=2000), deleted_after=timedelta(hours=6))
    yield Launch(after=_at(1, 16), request=request("without-a-price", "ads", "ml.p4d.24xlarge", runtime_h=3, work_s=4000))
    yield Launch(after=_at(2, 9), request=request("acme-own-image", "robotics", image=OWN_IMAGE, instances=2, work_s=8000))


def _finished() -> Iterator[Launch]:
    """Jobs for retries, a deadline and a repair; and jobs with mistakes, such as a bucket that does not exist."""
    yield Launch(
        after=_at(0, 12.2),
        request=request(
            "tracker-climbs", "vision", "ml.p3.2xlarge", runtime_h=1, wait_h=1, tags={"priority": "high"}, work_s=3000
        ),
    )
    due = f"{MONDAY + _at(0, 18):%Y-%m-%dT%H:%M:%SZ}"
    deadline = {"spotwarden:deadline": due, "spotwarden:expected-runtime": "2h"}
    yield Launch(
        after=_at(0, 12.4),
        request=request("captions-by-six", "speech", "ml.p3.2xlarge", runtime_h=4, wait_h=8, tags=deadline, work_s=6600),
    )
    yield Launch(
        after=_at(0, 12.6),
        request=request("bidder-repair", "ads", checkpoint=None, runtime_h=6, tags={"repair": "please"}, work_s=7000),
    )
    yield Launch(
        after=_at(0, 15.2),
        request=request("forgetful-saver", "robotics", runtime_h=6, work_s=9000, checkpoint_every_s="never"),
    )
    unreadable = {"spotwarden:deadline": "tomorrow evening"}
    yield Launch(after=_at(0, 15.4), request=request("dreamer", "vision", runtime_h=2, tags=unreadable, work_s=3000))
    yield Launch(
        after=_at(1, 8.5),
        request=request("lost-bucket", "robotics", checkpoint=f"{DELETED_BUCKET}/robotics/", runtime_h=3, work_s=6000),
    )


def _owned() -> Iterator[Launch]:
    arn = "arn:aws:sagemaker:us-east-1:123456789012"
    lost: dict[str, Any] = {"work_s": 4000, "fails_with": "capacity"}  # a retryable failure, which only its owner may retry
    yield Launch(
        after=_at(2, 8),
        request=request("tuner-001-0f0444b1", "vision", checkpoint=None, **lost),
        owner={"TuningJobArn": f"{arn}:hyper-parameter-tuning-job/tuner"},
    )
    yield Launch(
        after=_at(2, 8.2),
        request=request("autopilot-candidate-1", "vision", checkpoint=None, **lost),
        owner={"AutoMLJobArn": f"{arn}:automl-job/autopilot"},
    )
    yield Launch(
        after=_at(2, 8.4),
        request=request("labels-active-learning", "vision", checkpoint=None, **lost),
        owner={"LabelingJobArn": f"{arn}:labeling-job/labels"},
    )
    execution = f"{arn}:pipeline/acme/execution/abcdefabcdef"
    pipeline = {"sagemaker:pipeline-execution-arn": execution}
    yield Launch(
        after=_at(2, 8.6),
        request=request("pipelines-abcdefabcdef-Train-a1B2c3D4e5", "speech", tags=pipeline, **lost),
        owner={"PipelineExecutionArn": execution},
    )
    steps = {
        "MANAGED_BY_AWS": "STARTED_BY_STEP_FUNCTIONS",
        "AWS_STEP_FUNCTIONS_EXECUTION_ARN": "arn:aws:states:us-east-1:123456789012:execution:acme:1",
    }
    yield Launch(after=_at(2, 8.8), request=request("stepped-training", "robotics", tags=steps, **lost))
    yield Launch(after=_at(2, 9.2), request=request("AWSBatchacme1f2e3d", "robotics", **lost))


def _ordinary(rng: random.Random, number: int, workdays: timedelta) -> Launch:
    """An ordinary job, drawn at random: most complete, and a few fail."""
    team = rng.choice(TEAMS)
    work_s = int(rng.lognormvariate(8.6, 0.7))
    runtime_h = max(1.0, round(work_s * rng.uniform(1.3, 3) / HOUR_S, 1))
    plan: dict[str, Any] = {"work_s": work_s, "checkpoint_every_s": rng.choice((300, 600, 1200, "never"))}
    if rng.random() < 0.08:
        plan |= {"fails_with": rng.choice(("exit-code", "script", "memory")), "fails_after_s": rng.randint(60, work_s)}
    elif rng.random() < 0.06:
        plan |= {"fails_with": rng.choice(("capacity", "internal")), "fails_times": 1}
    family = rng.choice(("train", "finetune", "distill", "eval"))
    submitted = request(
        f"{family}-{team}-{number:03d}",
        team,
        rng.choices(POOLS, weights=(4, 5, 3, 2))[0],
        spot=rng.random() < 0.85,
        runtime_h=runtime_h,
        wait_h=round(runtime_h * rng.choice((1.2, 1.5, 2, 3)), 1),
        instances=rng.choices((1, 2, 4), weights=(8, 2, 1))[0],
        **plan,
    )
    return Launch(after=timedelta(seconds=rng.randrange(int(workdays.total_seconds()))), request=submitted)
