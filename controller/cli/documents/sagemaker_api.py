"""The documents of SageMaker's API: requests, descriptions, search and list responses, EventBridge events, CloudTrail logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from controller.aws.sagemaker.members import BadDocument, shown
from controller.aws.sagemaker.read_job import DETAIL_TYPE, REQUESTED, SOURCE, DocumentKind, kind_of
from controller.cli.documents.batch import service_job
from controller.cli.documents.found import Found, beside, joined, line_of, templated, walk
from controller.cli.documents.parse import json_value
from controller.cli.documents.tuning import tuning_jobs
from controller.cli.input.job_names import JOB_NAME
from controller.jobs.job import Service

Document = Mapping[str, Any]

TUNING_EVENT = "SageMaker HyperParameter Tuning Job State Change"
STEP_EVENT = "SageMaker Model Building Pipeline Execution Step Status Change"
API_CALL = "AWS API Call via CloudTrail"


def search_results(file: str, document: Document) -> Iterator[Found] | None:
    """The training jobs in the answer of ``aws sagemaker search``, or in one of its results; None for any other document."""
    results = document.get("Results")
    if isinstance(one := document.get("TrainingJob"), Mapping) and len(document) == 1:
        return iter([described(file, one, "TrainingJob", kind=DocumentKind.SEARCHED)])
    if not isinstance(results, list):
        return None

    def each() -> Iterator[Found]:
        for number, result in enumerate(results):
            job = result.get("TrainingJob") if isinstance(result, Mapping) else None
            path = joined(joined("Results", number), "TrainingJob")
            if isinstance(job, Mapping):
                yield described(file, job, path, kind=DocumentKind.SEARCHED)
            else:
                others = isinstance(result, Mapping) and "TrainingJob" not in result
                found = ", ".join(result) if others else shown(job if isinstance(result, Mapping) else result)
                yield _none(file, path, line_of(result), f"found {found}, wanted TrainingJob: only training jobs are checked")
        if not results:
            yield _none(file, "Results", line_of(document), "found no result, wanted at least one TrainingJob")

    return each()


def list_summaries(file: str, document: Document) -> Iterator[Found] | None:
    """The jobs in the answer of ListTrainingJobs, whose summaries have few fields; None for any other document."""
    for member in ("TrainingJobSummaries", "TrainingJobs"):
        summaries = document.get(member)
        if isinstance(summaries, list):
            if not summaries:
                return iter([_none(file, member, line_of(document), "found no training job, wanted at least one")])
            return (described(file, one, joined(member, number)) for number, one in enumerate(summaries))
    return None


def event(file: str, document: Document, path: str = "") -> Iterator[Found] | None:
    """The training jobs in an EventBridge event; None for any other document."""
    kind = document.get("detail-type")
    if "detail-type" not in document and not {"source", "detail"} <= document.keys():
        return None
    line, name = line_of(document), DocumentKind.EVENT.value
    detail = document.get("detail")
    detail = detail if isinstance(detail, Mapping) else {}
    place = joined(path, "detail")
    if document.get("source") == "aws.batch" and (jobs := service_job(file, detail, place)) is not None:
        return jobs
    if document.get("source") != SOURCE:
        source = document.get("source")
        return iter([_none(file, path, line, f"an event whose source is {shown(source)}, wanted {SOURCE!r}", name)])
    match kind:
        case str() if kind == DETAIL_TYPE:
            return iter([Found(file=file, kind=name, path=path, line=line, body=document, base=DocumentKind.EVENT, request=None)])
        case str() if kind == TUNING_EVENT:
            return tuning_jobs(file, detail, place, kind=name, told=True, in_event=True)
        case str() if kind == STEP_EVENT:
            return iter([_pipeline_step(file, detail, place, line, document)])
        case str() if kind == API_CALL:
            return _api_call(file, detail, place, line)
        case str():
            error = f"an event whose detail-type is {kind!r} is not about a training job; wanted {DETAIL_TYPE!r}"
        case _:
            error = f"an event whose detail-type is {shown(kind)}, wanted {DETAIL_TYPE!r}"
    return iter([_none(file, path, line, error, name)])


def cloudtrail(file: str, document: Document) -> Iterator[Found] | None:
    """The jobs in a CloudTrail log (Records), in ``aws cloudtrail lookup-events`` (Events), or in one record of them."""
    if "eventSource" in document and "eventName" in document:
        return _api_call(file, document, "", line_of(document))
    for member, inside in (("Records", None), ("Events", "CloudTrailEvent")):
        records = document.get(member)
        objects = [one for one in records if isinstance(one, Mapping)] if isinstance(records, list) else []
        if any("eventSource" in one or "CloudTrailEvent" in one for one in objects):
            return iter(beside(_recorded(file, objects, member, inside)))
    return None


def _recorded(file: str, records: list[Document], member: str, inside: str | None) -> Iterator[Found]:
    for number, record in enumerate(records):
        place, line, call = joined(member, number), line_of(record), record
        if inside is not None:
            place = joined(place, inside)
            try:
                call = json_value(str(record.get(inside, "")), line or 1)
            except BadDocument as error:
                yield _none(file, place, line, str(error))
                continue
        if isinstance(call, Mapping):
            yield from (replace(one, line=line) for one in _api_call(file, call, place, line))


def _pipeline_step(file: str, detail: Document, path: str, line: int | None, document: Document) -> Found:
    metadata = detail.get("metadata")
    job = next((v for k, v in metadata.items() if k.lower() == "trainingjob"), None) if isinstance(metadata, Mapping) else None
    arn = next((v for k, v in job.items() if k.lower() == "arn"), None) if isinstance(job, Mapping) else None
    if not isinstance(arn, str):
        step = detail.get("stepType")
        error = f"a pipeline step of type {shown(step)} without a training job (metadata.trainingJob.arn), wanted a Training step"
        return _none(file, path, line, error, DocumentKind.EVENT.value)
    body = {"TrainingJobName": arn.rpartition("/")[2], "TrainingJobArn": arn}
    return Found(
        file=file, kind=f"{DocumentKind.EVENT.value} of a pipeline step", path=joined(path, "metadata.trainingJob"), line=line,
        body=body, base=DocumentKind.SUMMARY, request=None, service=Service.PIPELINES,
    )  # fmt: skip


def _api_call(file: str, detail: Document, path: str, line: int | None) -> Iterator[Found]:
    """The jobs in an API call that CloudTrail recorded; its member names begin with a lower-case letter."""
    from controller.cli.documents.member_names import renamed

    parameters, name = detail.get("requestParameters"), detail.get("eventName")
    place = joined(path, "requestParameters")
    if isinstance(parameters, Mapping) and name == "CreateTrainingJob":
        body = renamed(parameters, "CreateTrainingJobRequest")
        yield Found(file=file, kind="CreateTrainingJob call recorded by CloudTrail", path=place, line=line, body=body)
    elif isinstance(parameters, Mapping) and name == "CreateHyperParameterTuningJob":
        yield from tuning_jobs(file, renamed(parameters, "CreateHyperParameterTuningJobRequest"), place)
    else:
        error = f"a recorded call of {shown(name)}, wanted CreateTrainingJob or CreateHyperParameterTuningJob"
        yield replace(_none(file, path, line, error, DocumentKind.EVENT.value), idle=True)


def described(file: str, document: Any, path: str = "", kind: DocumentKind | None = None) -> Found:
    """A description, a request, a summary or an event's detail; its members show which. ``kind``: SEARCHED for search results."""
    try:
        told = DocumentKind.CREATE if _is_nameless(document) else kind_of(document)
    except BadDocument as error:
        if isinstance(document, str) and JOB_NAME.fullmatch(document):
            alone = (
                f"found only the name {document}, wanted a job document; spotwarden check {document} asks SageMaker for the job"
            )
            return _none(file, path, None, alone)
        return _none(file, path, line_of(document), f"{_named(document) or error}{_to_cut_out(document)}")
    if kind is DocumentKind.SEARCHED and told is DocumentKind.DESCRIBE:
        told = kind
    request = told is DocumentKind.CREATE
    return Found(
        file=file, kind=told.value, path=path, line=line_of(document), body=templated(document) if request else document,
        base=told, request="CreateTrainingJobRequest" if request else None, name="job" if _is_nameless(document) else "",
    )  # fmt: skip


# The member by which a document of another kind is recognized, and the kind.
OTHERS: Mapping[str, str] = {
    "ProcessingJobName": "a processing job", "TransformJobName": "a transform job", "AutoMLJobName": "an AutoML job",
    "LabelingJobName": "a labeling job", "CompilationJobName": "a compilation job",
    "EndpointConfigName": "an endpoint configuration", "EndpointName": "an endpoint", "ModelName": "a model",
    "ModelPackageName": "a model package", "ClusterName": "a HyperPod cluster",
    "NotebookInstanceName": "a notebook instance", "jobDefinition": "an AWS Batch job", "services": "a Docker Compose file",
    "AlgorithmName": "an algorithm", "PipelineName": "a pipeline without its definition",
    "HyperParameterTuningJobSummaries": "a list of tuning jobs", "stateMachineArn": "a state machine without its definition",
}  # fmt: skip
DEPTH_MAX = 12
NAMELESS = frozenset({"RoleArn", "OutputDataConfig", "AlgorithmSpecification"})


def _named(document: object) -> str:
    """What a document of another known kind is, and what is wanted instead; empty for an unknown kind."""
    if not isinstance(document, Mapping):
        return ""
    if "version" in document and ("rules" in document or "cases" in document):
        return "found a file of a policy, which is not a training job: spotwarden validate and test check those"
    kind = next((kind for member, kind in OTHERS.items() if member in document), None)
    return f"found {kind}, which is not a training job; wanted a training job's request or description" if kind else ""


def _to_cut_out(document: object) -> str:
    """Where a training job is inside a document of unknown kind."""
    for place, inner in walk(document):
        if place and place.count(".") < DEPTH_MAX and (is_request(inner) or "TrainingJobArn" in inner):
            line = line_of(inner)
            return f"; {place}{f' (line {line})' if line else ''} is a training job: save that part to a file, and check the file"
    return ""


def _is_nameless(document: object) -> bool:
    """Whether a document is a request without a name, such as the arguments of a pipeline step."""
    if not isinstance(document, Mapping) or "TrainingJobName" in document:
        return False
    return document.keys() >= NAMELESS and not OTHERS.keys() & document.keys()


def is_request(document: Document) -> bool:
    return "TrainingJobName" in document and not REQUESTED.isdisjoint(document)


def _none(file: str, path: str, line: int | None, error: str, kind: str = "") -> Found:
    return Found(file=file, kind=kind, path=path, line=line, error=error, request=None)
