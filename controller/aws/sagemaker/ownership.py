"""Says who started a training job, and whether a copy of it may run.

A job that a tuner, a pipeline or another service waits for is theirs: a second one would be invisible to its owner, and
its result lost. Owners are known by ARN, by tag, and last by name, because AWS Batch leaves nothing else.
"""

import re
from collections.abc import Mapping
from typing import Any

from controller.jobs.job import PROBE_TAG, Service

Described = Mapping[str, Any]
"""A DescribeTrainingJob response."""

OWNER_TAGS: Mapping[str, Service] = {
    "sagemaker:pipeline-execution-arn": Service.PIPELINES,
    "AWS_STEP_FUNCTIONS_EXECUTION_ARN": Service.STEP_FUNCTIONS,
    "MANAGED_BY_AWS": Service.STEP_FUNCTIONS,
    PROBE_TAG: Service.PROBE,
}
_OWNER_ARNS: Mapping[str, Service] = {
    "TuningJobArn": Service.TUNING,
    "AutoMLJobArn": Service.AUTOML,
    "LabelingJobArn": Service.LABELING,
}
_OWNER_NAMES: tuple[tuple[re.Pattern[str], Service], ...] = (
    (re.compile(r"AWSBatch.*"), Service.BATCH),
    (re.compile(r"pipelines-[a-z0-9]{12}-.+-[A-Za-z0-9]{10}"), Service.PIPELINES),
)


def service_of(described: Described, tags: Mapping[str, str]) -> Service | None:
    """Name the service that started a job and waits for it, if one did."""
    for member, service in _OWNER_ARNS.items():
        if described.get(member):
            return service
    for key, service in OWNER_TAGS.items():
        if key in tags:
            return service
    name = described.get("TrainingJobName", "")
    return next((service for pattern, service in _OWNER_NAMES if pattern.fullmatch(name)), None)


def unrepeatable(described: Described, tags: Mapping[str, str]) -> str | None:
    """Say why a job must not be submitted again; None when it may.

    SessionChainingConfig is not in any description, so a job that had it cannot be told apart: its copy runs without.
    """
    if (service := service_of(described, tags)) is not None:
        return f"it belongs to {service}, which would not know of a second job"
    specification = described.get("AlgorithmSpecification") or {}
    resources = described.get("ResourceConfig") or {}
    preferences = resources.get("InstancePreferences") or ()
    reasons = (
        (described.get("ServerlessJobConfig"), "it is serverless (ServerlessJobConfig)"),
        (resources.get("InstanceGroups"), "it runs on a heterogeneous cluster (ResourceConfig.InstanceGroups)"),
        (
            resources.get("TrainingPlanArn") or any(choice.get("TrainingPlanArns") for choice in preferences),
            "it uses reserved capacity (ResourceConfig.TrainingPlanArn)",
        ),
        (
            resources.get("KeepAlivePeriodInSeconds"),
            "it keeps a warm pool (ResourceConfig.KeepAlivePeriodInSeconds), billed by itself",
        ),
        (
            not (specification.get("AlgorithmName") or specification.get("TrainingImage")),
            "its description names neither TrainingImage nor AlgorithmName",
        ),
    )
    return next((reason for holds, reason in reasons if holds), None)
