"""Kubernetes resources of the ACK SageMaker controller: ``TrainingJob`` and ``HyperParameterTuningJob``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.cli.documents.found import Found, line_of, templated
from controller.cli.documents.renamed import renamed
from controller.cli.documents.tuning import tuning_jobs

GROUP = "sagemaker.services.k8s.aws"


def is_kubernetes(value: Any) -> bool:
    """Whether a value is a resource of Kubernetes."""
    return isinstance(value, Mapping) and "apiVersion" in value and "kind" in value


def is_ack(value: Any) -> bool:
    """Whether a value is a resource of the ACK SageMaker controller."""
    return is_kubernetes(value) and str(value["apiVersion"]).startswith(f"{GROUP}/")


def resource(file: str, document: Mapping[str, Any], path: str = "") -> Iterator[Found] | None:
    """The training job of a resource of ACK."""
    if not is_kubernetes(document):
        return None
    kind, spec = document["kind"], document.get("spec")
    if kind == "List" and isinstance(document.get("items"), list):
        return (
            one
            for number, item in enumerate(document["items"])
            if isinstance(item, Mapping)
            for one in resource(file, item, f"{path}items[{number}]") or ()
        )
    name = f"ACK {kind}"
    if not str(document["apiVersion"]).startswith(f"{GROUP}/") or kind not in ("TrainingJob", "HyperParameterTuningJob"):
        error = f"found a Kubernetes {kind} of {document['apiVersion']}, wanted a TrainingJob of {GROUP}"
        return iter([Found(file=file, kind=f"Kubernetes {kind}", path=path, line=line_of(document), error=error, request=None)])
    spec = spec if isinstance(spec, Mapping) else {}
    at = f"{path}.spec" if path else "spec"
    if kind == "TrainingJob":
        body = templated(renamed(spec, "CreateTrainingJobRequest"))
        return iter([Found(file=file, kind=name, path=at, line=line_of(spec) or line_of(document), body=body, tool="kubernetes")])
    return tuning_jobs(file, renamed(spec, "CreateHyperParameterTuningJobRequest"), at, kind=name)
