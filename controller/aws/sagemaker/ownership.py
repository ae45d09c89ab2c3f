"""Says who started a training job, and whether a copy of it may run.

A job that a tuner, a pipeline or another service waits for is theirs: a second one would be invisible to its owner, and
its result lost. Whoever creates a job chooses its name and its tags, so these only claim an owner. What proves one is what
the creator cannot write: the owner's ARN in the description, a tag that only AWS can set, or the owner's own word
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
    # What a service leaves on the jobs that it starts, and anybody else may write too.
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
RESERVED = "aws:"  # SageMaker refuses such a key from anybody but AWS, in any case
_RESERVED_TAGS: tuple[tuple[str, Service | None], ...] = (
    # By how the key goes on. Who deploys a stack or a product chooses what it creates: such a job has no other owner.
    ("cloudformation:", None),
    ("servicecatalog:", None),
    ("createdby", None),
    ("batch:", Service.BATCH),
    ("states:", Service.STEP_FUNCTIONS),
    ("sagemaker:pipeline", Service.PIPELINES),
    ("", Service.AWS),
)


def service_of(described: Described, tags: Mapping[str, str]) -> Service | None:
    """Name the service that started a job and waits for it, where the document proves one."""
    for member, service in _OWNER_ARNS.items():
        if described.get(member) and _is_here(described[member], described):
            return service
    reserved = sorted(key.lower().removeprefix(RESERVED) for key in tags if key.lower().startswith(RESERVED))
    owners = (next(service for start, service in _RESERVED_TAGS if key.startswith(start)) for key in reserved)
    return next((service for service in owners if service is not None), None)


def claimed_service(described: Described, tags: Mapping[str, str]) -> Service | None:
    """Name the service that a job's tags or name say it belongs to; it proves nothing."""
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
    """Whether a step of a pipeline execution made a job, which its name alone does not say: once a job is deleted, anybody can
    create another under its name. A step whose result came from a cache made no job. Raises one of ``UNREADABLE`` for a step of
    another form.
    """
    made = (step.get("Metadata") or {}).get("TrainingJob") or {}
    if made.get("Arn") != job.arn or step.get("CacheHitResult"):
        return False
    began_at, ended_at = moment(step, "StartTime"), moment(step, "EndTime")
    late = ended_at is not None and job.created_at > ended_at + STEP_TOLERANCE
    return not late and (began_at is None or job.created_at >= began_at - STEP_TOLERANCE)


def unrepeatable(described: Described, tags: Mapping[str, str], *, claims: bool = True) -> str | None:
    """Say why a job must not be submitted again; None when it may. Without ``claims``, whatever its name and tags claim.

    SessionChainingConfig is not in any description, so a job that had it cannot be told apart: its copy runs without.
    """
    known = unrepeatable_of(described, service_of(described, tags), claimed_service(described, tags) if claims else None)
    return known or _unaccounted(described)


def unrepeatable_of(described: Described, service: Service | None, claimed: Service | None) -> str | None:
    """The same by the members that this version knows: documents that are read for people may have others.

    ``service`` is the one that owns the job, ``claimed`` the one that it claims to belong to.
    """
    if service is not None:
        return f"it belongs to {service}, which would not know of a second job"
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
            "it keeps a warm pool (ResourceConfig.KeepAlivePeriodInSeconds), billed by itself",
        ),
        (
            not (specification.get("AlgorithmName") or specification.get("TrainingImage")),
            "its description names neither TrainingImage nor AlgorithmName",
        ),
    )
    return next((reason for holds, reason in reasons if holds), None)


def _unaccounted(described: Described) -> str | None:
    """What is unknown may be needed, and would be missing from the copy."""
    unknown = unaccounted(described)
    return f"its description has members that this version does not know: {', '.join(unknown)}" if unknown else None
