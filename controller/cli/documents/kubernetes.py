"""Kubernetes resources of the ACK SageMaker controller: ``TrainingJob``, ``HyperParameterTuningJob`` and ``Pipeline``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from controller.aws.sagemaker.read_job import BadDocument
from controller.cli.documents.found import CREATE_SHAPE, Found, joined, line_of, templated
from controller.cli.documents.member_names import renamed
from controller.cli.documents.parse import json_value
from controller.cli.documents.pipelines import pipeline
from controller.cli.documents.tuning import tuning_jobs

STATUSES = ("trainingJobStatus", "hyperParameterTuningJobStatus")
GROUP = "sagemaker.services.k8s.aws"


def _is_kubernetes(value: Mapping[str, Any]) -> bool:
    return "apiVersion" in value and "kind" in value


def _is_ack(value: Mapping[str, Any]) -> bool:
    return str(value["apiVersion"]).startswith(f"{GROUP}/")


def resource(file: str, document: Mapping[str, Any], path: str = "") -> Iterator[Found] | None:
    """The training jobs in a Kubernetes resource, or in a List of them; None for any other document."""
    if not _is_kubernetes(document):
        return None
    kind, spec = document["kind"], document.get("spec")
    if kind == "List" and isinstance(document.get("items"), list):
        return (
            one
            for number, item in enumerate(document["items"])
            if isinstance(item, Mapping)
            for one in resource(file, item, joined(joined(path, "items"), number)) or ()
        )
    name = f"ACK {kind}"
    if _is_ack(document) and kind == "Pipeline" and isinstance(spec, Mapping):
        return _pipeline(file, spec, f"{path}.spec" if path else "spec", line_of(spec) or line_of(document))
    if not _is_ack(document) or kind not in ("TrainingJob", "HyperParameterTuningJob"):
        error = f"found a Kubernetes {kind} of {document['apiVersion']}, wanted a TrainingJob of {GROUP}"
        line = line_of(document)
        return iter([Found(file=file, kind=f"Kubernetes {kind}", path=path, line=line, error=error, request=None, idle=True)])
    spec = spec if isinstance(spec, Mapping) else {}
    at = f"{path}.spec" if path else "spec"
    told = _has_status(document)
    if kind == "TrainingJob":
        body = templated(renamed(spec, "CreateTrainingJobRequest"))
        line = line_of(spec) or line_of(document)
        request = None if told else CREATE_SHAPE
        return iter([Found(file=file, kind=name, path=at, line=line, body=body, request=request, tool="kubernetes")])
    return tuning_jobs(file, renamed(spec, "CreateHyperParameterTuningJobRequest"), at, kind=name, told=told)


def _has_status(document: Mapping[str, Any]) -> bool:
    """Whether the job exists in SageMaker already. Then ACK has written SageMaker's values into it, and nothing is refused."""
    status = document.get("status")
    return isinstance(status, Mapping) and any(str(status.get(name) or "") for name in STATUSES)


def _pipeline(file: str, spec: Mapping[str, Any], path: str, line: int | None) -> Iterator[Found]:
    """The training jobs in an ACK Pipeline, which has its definition as a text."""
    text, at, kind = spec.get("pipelineDefinition"), f"{path}.pipelineDefinition", "ACK Pipeline"
    error = "found no pipelineDefinition, wanted the definition of the pipeline"
    if isinstance(text, str):
        try:
            begins = line_of(text)
            value = json_value(text, begins or line or 1)
        except BadDocument as bad:
            error = str(bad)
        else:
            found = pipeline(file, value, at) if isinstance(value, Mapping) else None
            if found is not None:
                yield from (replace(one, kind=f"{kind}, {one.kind}", line=one.line if begins else line) for one in found)
                return
            error = "found a definition without steps, wanted one"
    yield Found(file=file, kind=kind, path=at, line=line, error=error, request=None)
