"""Recorded jobs and policy folders that these tests share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TYPE = "ml.g5.2xlarge"
ARN = "arn:aws:sagemaker:us-east-1:111122223333:training-job/"


def line(name: str = "bert", *, team: str = "vision", spot: bool = False, **changes: Any) -> str:
    """A job of ten hours, as SageMaker describes it."""
    said = {
        "TrainingJobName": name,
        "TrainingJobArn": f"{ARN}{name}",
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "RoleArn": "arn:aws:iam::111122223333:role/Train",
        "CreationTime": "2026-11-16T08:00:00+00:00",
        "TrainingStartTime": "2026-11-16T08:10:00+00:00",
        "TrainingEndTime": "2026-11-16T18:10:00+00:00",
        "AlgorithmSpecification": {"TrainingImage": "my.registry/train:1"},
        "OutputDataConfig": {"S3OutputPath": "s3://acme-models/"},
        "ResourceConfig": {"InstanceType": TYPE, "InstanceCount": 1, "VolumeSizeInGB": 50},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86_400} | ({"MaxWaitTimeInSeconds": 172_800} if spot else {}),
        "EnableManagedSpotTraining": spot,
        "TrainingTimeInSeconds": 36_000,
        "BillableTimeInSeconds": 9_000 if spot else 36_000,
        "SecondaryStatusTransitions": [],
        "Tags": [{"Key": "team", "Value": team}] if team else [],
    }
    return json.dumps(said | changes)


def written(folder: Path, *lines: str) -> str:
    """The name of a history file."""
    file = folder / "history.jsonl"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return str(file)


def policies(folder: Path, rules: str, name: str = "policies") -> str:
    """The name of a policy folder of one file."""
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "policy.yaml").write_text(f"version: 1\n{rules}", "utf-8")
    return str(folder / name)
