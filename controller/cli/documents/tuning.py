"""Hyperparameter tuning jobs: each training job definition is judged like the training jobs that it starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.aws.sagemaker.read_job import DocumentKind, is_detail
from controller.cli.documents.found import FilledInLater, Found, joined, line_of, templated
from controller.jobs.job import Service

KIND = "CreateHyperParameterTuningJob request"
NAME = "HyperParameterTuningJobName"
OUTER_SHAPE = "CreateHyperParameterTuningJobRequest"
DEFINITIONS = "TrainingJobDefinitions"
DEFINITION_SHAPE = "HyperParameterTrainingJobDefinition"
READ = (
    "AlgorithmSpecification", "CheckpointConfig", "EnableManagedSpotTraining", "OutputDataConfig", "ResourceConfig", "RoleArn",
    "StoppingCondition",
)  # fmt: skip


def tuning_request(file: str, document: Mapping[str, Any], path: str = "") -> Iterator[Found] | None:
    """The training jobs in a tuning job's request or description; None for any other document."""
    if "HyperParameterTuningJobName" not in document and "HyperParameterTuningJobConfig" not in document:
        return None
    told = "HyperParameterTuningJobArn" in document
    if told and is_detail(document):
        return tuning_jobs(file, document, path, kind=DocumentKind.DETAIL.value, told=True, in_event=True)
    return tuning_jobs(file, document, path, kind="DescribeHyperParameterTuningJob response" if told else KIND, told=told)


def tuning_jobs(
    file: str,
    document: Mapping[str, Any],
    path: str = "",
    *,
    kind: str = KIND,
    told: bool = False,
    named: bool = True,
    in_event: bool = False,
) -> Iterator[Found]:
    """One job per definition. ``told``: SageMaker describes it, so it cannot refuse anything in it any more.

    ``named``: the request contains the tuning job's name. ``in_event``: it is the detail of an EventBridge event; AWS documents
    the definition there without spot and checkpoints, so if they are absent, they are unknown.
    """
    outer = {member: value for member, value in document.items() if named or member != NAME}
    name = document.get("HyperParameterTuningJobName")
    name = name if isinstance(name, str) else "tuning"
    tags = {"Tags": document["Tags"]} if "Tags" in document else {}
    one, several = document.get("TrainingJobDefinition"), document.get("TrainingJobDefinitions")
    found = [("TrainingJobDefinition", one)] if isinstance(one, Mapping) else []
    if isinstance(several, list):
        found += [(joined("TrainingJobDefinitions", n), d) for n, d in enumerate(several) if isinstance(d, Mapping)]
    if not found and (isinstance(one, FilledInLater) or isinstance(several, FilledInLater)):
        found = [("TrainingJobDefinition", dict.fromkeys(READ, one if isinstance(one, FilledInLater) else several))]
    if not found:
        error = "found no TrainingJobDefinition, wanted the definition of the training jobs"
        yield Found(file=file, kind=kind, path=path, line=line_of(document), error=error, request=None)
    for place, definition in found:
        label = definition.get("DefinitionName")
        body = {"TrainingJobName": f"{name}-{label}" if isinstance(label, str) else name, **definition, **tags}
        static = definition.get("StaticHyperParameters")
        body["HyperParameters"] = static if static is not None else {}
        yield Found(
            file=file, kind=kind, path=joined(path, place), line=line_of(definition) or line_of(document),
            body=templated(body), base=_base(definition, told=told, in_event=in_event),
            request=None if told else DEFINITION_SHAPE, service=Service.TUNING, tool="tuning",
            outer=None if told else templated(outer), outer_filled=frozenset() if named else frozenset({NAME}),
        )  # fmt: skip


def _base(definition: Mapping[str, Any], *, told: bool, in_event: bool) -> DocumentKind:
    if in_event and "EnableManagedSpotTraining" not in definition:
        return DocumentKind.DETAIL
    return DocumentKind.DESCRIBE if told else DocumentKind.CREATE
