"""Requests and worlds for the tests of this folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.sagemaker.capacity import Steps
from infra.local.sagemaker.settings import WorldSettings
from infra.local.sagemaker.world import World

T0 = datetime(2026, 3, 2, tzinfo=UTC)
TYPE = "ml.g5.2xlarge"
PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1"
KMEANS = "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1"
DETECTION = "811284229777.dkr.ecr.us-east-1.amazonaws.com/object-detection:1"

# One minute to launch, two to download, half a minute to upload, ten seconds from Interrupted to Starting, five to shut down.
EXACT: dict[str, Any] = {
    "launch": (60, 60),
    "download": (120, 120),
    "upload": (30, 30),
    "requeue": (10, 10),
    "shutdown": (5, 5),
    "event_delay": (1, 1),
    "on_demand_search": (600, 600),
    "stuck_for": (90_000, 90_000),
}


def request(
    name: str = "bert", *, spot: bool = True, prefix: str | None = "s3://ckpt/bert", **hyperparameters: Any
) -> dict[str, Any]:
    """Make a valid CreateTrainingJob request."""
    asked: dict[str, Any] = {
        "TrainingJobName": name,
        "RoleArn": "arn:aws:iam::111122223333:role/Train",
        "AlgorithmSpecification": {"TrainingImage": PYTORCH, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://models/out"},
        "ResourceConfig": {"InstanceType": TYPE, "InstanceCount": 1, "VolumeSizeInGB": 50},
        "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
        "HyperParameters": {key: str(value) for key, value in hyperparameters.items()},
        "Tags": [{"Key": "team", "Value": "vision"}],
    }
    if spot:
        asked["EnableManagedSpotTraining"] = True
        asked["StoppingCondition"]["MaxWaitTimeInSeconds"] = 86_400
        if prefix:
            asked["CheckpointConfig"] = {"S3Uri": prefix}
    return asked


def world(*supply: tuple[float, int], **answers: Any) -> World:
    """Make a world with exact durations; `supply` are (seconds after T0, spot instances).

    Without `supply`, there is always capacity.
    """
    steps = {TYPE: Steps(T0, supply, period_s=365 * 86_400)} if supply else {}
    return World(T0, settings=WorldSettings(**(EXACT | answers)), capacity_of=steps)


def after(seconds: float) -> datetime:
    """The time so many seconds after T0."""
    return T0 + timedelta(seconds=seconds)


def run(world: World) -> World:
    """Run the world until nothing is scheduled any more."""
    while at := world.next_at():
        world.advance_to(at)
        world.drain_events()
    return world


def states(world: World, name: str = "bert") -> str:
    """A job's secondary states in order, and its status now."""
    job = world.describe_training_job(name)
    return " ".join([*(line["Status"] for line in job["SecondaryStatusTransitions"]), "=", job["TrainingJobStatus"]])


def moments(world: World, name: str = "bert") -> list[float]:
    """When each secondary status began, in seconds after T0."""
    lines = world.describe_training_job(name)["SecondaryStatusTransitions"]
    return [(line["StartTime"] - T0).total_seconds() for line in lines]
