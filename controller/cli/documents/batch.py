"""AWS Batch service jobs (SubmitServiceJob, DescribeServiceJob): their payload is the request of a training job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.aws.sagemaker.read_job import BadDocument
from controller.cli.documents.found import Found, joined, line_of, templated
from controller.cli.documents.parse import json_value
from controller.jobs.job import Service

KIND = "AWS Batch service job"
PAYLOAD = "serviceRequestPayload"
TRAINING = "SAGEMAKER_TRAINING"


def service_job(file: str, document: Mapping[str, Any], path: str = "") -> Iterator[Found] | None:
    """The training job of a service job; None for any other document. Batch derives its name from the service job's name."""
    if PAYLOAD not in document and document.get("serviceJobType") != TRAINING:
        return None
    return iter([_service_job(file, document, path)])


def _service_job(file: str, document: Mapping[str, Any], path: str) -> Found:
    line, place, payload = line_of(document), joined(path, PAYLOAD), document.get(PAYLOAD)
    kind, name = document.get("serviceJobType", TRAINING), document.get("jobName")
    error = f"a service job of type {kind}, wanted {TRAINING}: only training jobs are checked" if kind != TRAINING else ""
    if not error and isinstance(payload, str):
        try:
            payload = json_value(payload, line or 1)
        except BadDocument as bad:
            error = str(bad)
    if not error and not isinstance(payload, Mapping):
        error = f"found no request in {PAYLOAD}, wanted that of a training job, as JSON"
    if error:
        return Found(file=file, kind=KIND, path=path, line=line, error=error, request=None)
    return Found(
        file=file, kind=KIND, path=place, line=line, body=templated(payload), filled=frozenset({"TrainingJobName"}),
        name=name if isinstance(name, str) else "job", service=Service.BATCH, tool="boto3",
    )  # fmt: skip
