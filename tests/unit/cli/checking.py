"""Runs ``spotwarden check`` on documents, and returns its JSON output."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "check" / "documents"
ROLE = "arn:aws:iam::111122223333:role/train"
PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1-gpu-py311"
KMEANS = "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutput:
    """The output of a run: the exit code, one JSON object for each job, and standard error."""

    code: int
    jobs: list[dict[str, Any]]
    err: str

    @property
    def job(self) -> dict[str, Any]:
        (one,) = self.jobs
        return one

    @property
    def rules(self) -> list[str]:
        """The names of the policy's rules that the only job breaks."""
        return [finding["policy"] for finding in self.job["findings"]]


Check = Callable[..., CheckOutput]


def request(**changes: Any) -> dict[str, Any]:
    """A CreateTrainingJob request that keeps every rule, with these members changed; None removes a member."""
    whole = {
        "TrainingJobName": "bert-1",
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": PYTORCH, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://acme-ml/out"},
        "ResourceConfig": {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 100},
        "StoppingCondition": {"MaxRuntimeInSeconds": 14_400, "MaxWaitTimeInSeconds": 28_800},
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": {"S3Uri": "s3://acme-ml/checkpoints/bert-1/"},
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def run_check(capsys: Any, *arguments: str) -> CheckOutput:
    from controller.cli import main

    code = main(["check", *arguments, "--format", "json"])
    out, err = capsys.readouterr()
    return CheckOutput(code=code, jobs=[json.loads(line) for line in out.splitlines()], err=err)
