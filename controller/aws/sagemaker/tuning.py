"""Reads the answer of DescribeHyperParameterTuningJob: each definition as a training job that the tuning job starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.aws.sagemaker.read_job import BadDocument, DocumentKind, job_of
from controller.jobs.job import Service
from controller.jobs.tuning import TuningJob

DEFINITIONS_MAX = 50  # SageMaker allows ten
OVER = frozenset({"Completed", "Failed", "Stopped", "Deleting", "DeleteFailed"})
TYPE_LATER = "the tuning job chooses among several instance types"


def tuning_job_of(described: Mapping[str, Any], tags: Mapping[str, str], fields: Mapping[tuple[str, ...], bool]) -> TuningJob:
    """The tuning job in a description. Definitions that cannot be read are named in its ``unread``."""
    name = described["HyperParameterTuningJobName"]
    one, several = described.get("TrainingJobDefinition"), described.get("TrainingJobDefinitions") or ()
    definitions = [*([one] if one else []), *several][:DEFINITIONS_MAX]
    found, unread = [], []
    for number, definition in enumerate(definitions, 1):
        label = definition.get("DefinitionName") or (str(number) if len(definitions) > 1 else "")
        body, later = _as_job(described, definition)
        algorithm = (definition.get("AlgorithmSpecification") or {}).get("AlgorithmName") or ""
        try:
            job = job_of(
                body, kind=DocumentKind.DESCRIBE, tags=tags, later=later, service=Service.TUNING, fields=fields,
                algorithm_described=bool(algorithm) and ":" not in algorithm,  # a name alone is an algorithm of this account
            )  # fmt: skip
        except BadDocument as problem:
            unread.append(f"{label or name}: {problem}")
        else:
            found.append((label, job))
    return TuningJob(
        arn=described["HyperParameterTuningJobArn"], name=name, created_at=described["CreationTime"],
        alive=described.get("HyperParameterTuningJobStatus") not in OVER, definitions=tuple(found), unread=tuple(unread),
    )  # fmt: skip


def _as_job(described: Mapping[str, Any], definition: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """A definition as the description of a job that was just created, and its members that are known only later."""
    later: dict[str, str] = {}
    body = {
        **definition,
        "TrainingJobName": described["HyperParameterTuningJobName"],
        "TrainingJobArn": described["HyperParameterTuningJobArn"],
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "CreationTime": described["CreationTime"],
        "HyperParameters": definition.get("StaticHyperParameters") or {},
    }
    resources, open_ = resources_of(definition)
    if resources:
        body["ResourceConfig"] = resources
    return body, {**later, **open_}


def resources_of(definition: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """A HyperParameterTuningResourceConfig as a ResourceConfig, and the members that the tuning job chooses later; both empty
    where the definition has none.
    """
    resources = definition.get("HyperParameterTuningResourceConfig")
    if not isinstance(resources, Mapping) or definition.get("ResourceConfig"):
        return {}, {}
    given = resources.get("InstanceConfigs")
    choices = [one for one in given if isinstance(one, Mapping)] if isinstance(given, list | tuple) else []
    return {**resources, **(choices[0] if choices else {})}, {"ResourceConfig.InstanceType": TYPE_LATER} if len(
        choices
    ) > 1 else {}
