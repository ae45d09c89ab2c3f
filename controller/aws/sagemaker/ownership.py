"""Finds out which service started a training job, and whether its request may be submitted again.

A job that a tuner, a pipeline or another service waits for belongs to that owner. The owner would not see a second job, and its
result would be lost. A job's creator chooses its name and tags, so these only claim an owner. What the creator cannot write
proves an owner: the owner's ARN in the description, a tag that only AWS can set, or the steps of a pipeline execution
(``SageMakerJobs.made_by_pipeline``, ``made_by_step``).
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from controller.aws.sagemaker.described_members import unaccounted
from controller.aws.sagemaker.members import moment
from controller.jobs.job import PIPELINE_TAG, Job, Service, claims_an_owner

Described = Mapping[str, Any]
"""A DescribeTrainingJob response."""

OWNER_TAGS: Mapping[str, Service] = {
    # Tags that a service sets on the jobs that it starts. Anybody else can set them, too.
    PIPELINE_TAG: Service.PIPELINES,
    "AWS_STEP_FUNCTIONS_EXECUTION_ARN": Service.STEP_FUNCTIONS,
    "MANAGED_BY_AWS": Service.STEP_FUNCTIONS,
    "sagemaker:notebook-job-origin": Service.NOTEBOOK,
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
RESERVED = "aws:"  # SageMaker accepts such a key, in upper or lower case, only from AWS itself
_RESERVED_TAGS: tuple[tuple[str, Service | None], ...] = (
    # By the key after ``aws:``; the first match counts. None: the person who deployed a stack or a product owns what it creates.
    ("cloudformation:", None),
    ("servicecatalog:", None),
    ("createdby", None),
    ("batch:", Service.BATCH),
    ("states:", Service.STEP_FUNCTIONS),
    ("sagemaker:pipeline", Service.PIPELINES),
    ("", Service.AWS),
)


def service_of(described: Described, tags: Mapping[str, str]) -> Service | None:
    """The service that started a job and waits for it, where the document proves one."""
    for member, service in _OWNER_ARNS.items():
        if described.get(member) and _is_here(described[member], described):
            return service
    reserved = sorted(key.lower().removeprefix(RESERVED) for key in tags if key.lower().startswith(RESERVED))
    owners = (next(service for start, service in _RESERVED_TAGS if key.startswith(start)) for key in reserved)
    return next((service for service in owners if service is not None), None)


def claimed_service(described: Described, tags: Mapping[str, str]) -> Service | None:
    """The service that a job claims as its owner: by its tags, its name, or an ARN of another account. It proves nothing."""
    for member, service in _OWNER_ARNS.items():
        if described.get(member) and not _is_here(described[member], described):
            return service
    for key, service in OWNER_TAGS.items():
        if key in tags:
            return service
    name = described.get("TrainingJobName", "")
    return next((service for pattern, service in _OWNER_NAMES if pattern.fullmatch(name)), None)


def _is_here(owner: str, described: Described) -> bool:
    """Whether an owner can have started the job: whatever starts a job is in its account and region."""
    there, here = (str(arn).split(":", 5)[3:5] for arn in (owner, described.get("TrainingJobArn") or ""))
    return len(there) < 2 or len(here) < 2 or there == here


STEP_TOLERANCE = timedelta(minutes=5)  # between the times of a step and those of the job that it made


def made_by_step(step: Mapping[str, Any], job: Job) -> bool:
    """Whether a step of a pipeline execution created a job. The name is not enough: once a job is deleted, anybody can create
    another one with its name. A step whose result came from a cache created no job. Raises one of ``UNREADABLE`` for a step of
    another form.
    """
    made = (step.get("Metadata") or {}).get("TrainingJob") or {}
    if made.get("Arn") != job.arn or step.get("CacheHitResult"):
        return False
    began_at, ended_at = moment(step, "StartTime"), moment(step, "EndTime")
    late = ended_at is not None and job.created_at > ended_at + STEP_TOLERANCE
    return not late and (began_at is None or job.created_at >= began_at - STEP_TOLERANCE)


def unrepeatable(described: Described, tags: Mapping[str, str], *, claims: bool = True) -> str | None:
    """Why a job must not be submitted again; None when it may. With ``claims=False``, an owner that is only claimed is ignored.

    SessionChainingConfig is in no description, so a job that had it cannot be recognised: the new job runs without it.
    """
    known = unrepeatable_of(described, service_of(described, tags), claimed_service(described, tags) if claims else None)
    return known or _unaccounted(described)


def unrepeatable_of(described: Described, service: Service | None, claimed: Service | None) -> str | None:
    """As ``unrepeatable``, but members that this version does not know are ignored: documents that people give may have some.

    ``service`` is the proved owner of the job, ``claimed`` the one that it claims.
    """
    if service is not None:
        return f"it belongs to {service}, which would not know about a second job"
    if claimed is not None:
        return claims_an_owner(claimed)
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
            "it keeps a warm pool (ResourceConfig.KeepAlivePeriodInSeconds), which is billed separately",
        ),
        (
            not (specification.get("AlgorithmName") or specification.get("TrainingImage")),
            "its description names neither TrainingImage nor AlgorithmName",
        ),
    )
    return next((reason for holds, reason in reasons if holds), None)


def _unaccounted(described: Described) -> str | None:
    """The unknown members of a description: they would be missing from a new request, and may be needed."""
    unknown = unaccounted(described)
    return f"its description has members that this version does not know: {', '.join(unknown)}" if unknown else None
