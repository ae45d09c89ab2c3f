"""Reads a training job from a document: a description or request of SageMaker's API, or an EventBridge event.

One parser reads all of them. They contain different members: a request has no status and no creation time, an event no spot flag,
checkpoint config or usage. A field that a document does not contain has a placeholder and is named in ``Job.unknown``. The kind
of the document decides whether an absent member means "none" or "unknown". For example, an absent spot flag is false in a
description, and unknown in an event. Members that this code does not know are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from controller.aws.sagemaker.fields_by_document import DocumentKind, is_detail, unsaid_fields
from controller.aws.sagemaker.hide_secrets import without_credentials
from controller.aws.sagemaker.job_resources import MANY, job_resources
from controller.aws.sagemaker.members import (
    SECONDS_MAX,
    BadDocument,
    Document,
    flag,
    moment,
    objects,
    section,
    shown,
    text,
    whole,
)
from controller.aws.sagemaker.members_read import NO_FIELDS, members_read
from controller.aws.sagemaker.ownership import claimed_service, service_of, unrepeatable_of
from controller.aws.sagemaker.rule_instances import rule_instances
from controller.aws.sagemaker.status_history import status_history
from controller.jobs.algorithm import Algorithm, algorithm_of
from controller.jobs.job import Job, Service
from controller.jobs.spot_possible import members_excluding_spot

__all__ = ["BadDocument", "DocumentKind", "is_detail", "job_of", "kind_of"]

SOURCE = "aws.sagemaker"
DETAIL_TYPE = "SageMaker Training Job State Change"

# A document with a TrainingJobName and any of these is a request.
REQUESTED = frozenset({"RoleArn", "OutputDataConfig", "AlgorithmSpecification", "ResourceConfig", "StoppingCondition"})

TOLD = REQUESTED | {"TrainingImage", "EnableManagedSpotTraining", "ServerlessJobConfig"}  # a document without any is a summary

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/.+")


def kind_of(document: object) -> DocumentKind:
    """Recognise a document by its members. Raises BadDocument for an unknown kind."""
    if not isinstance(document, Mapping):
        raise BadDocument(f"found {shown(document)}, wanted a job document: an object with named members")
    if "detail-type" in document or {"source", "detail"} <= document.keys():
        return DocumentKind.EVENT
    if "TrainingJobArn" in document or "TrainingJobStatus" in document:
        return _told_kind(document)
    if "TrainingJobName" in document and not REQUESTED.isdisjoint(document):
        return DocumentKind.CREATE
    names = [str(key) for key in document]
    found = f"an object of {', '.join(names[:6])}{', …' if len(names) > 6 else ''}" if names else "an empty object"
    raise BadDocument(
        f"found {found}, wanted a {DocumentKind.DESCRIBE} (TrainingJobArn, TrainingJobStatus), a {DocumentKind.CREATE}"
        f" (TrainingJobName, RoleArn, OutputDataConfig) or an {DocumentKind.EVENT} (source, detail-type, detail)"
    )


def _told_kind(document: Mapping[Any, Any]) -> DocumentKind:
    """The kind of a document with a job's ARN or status. A summary has very few members. An event's detail has no spot flag, and
    has times in milliseconds, or its tags as a map.
    """
    if "TrainingJobName" in document and TOLD.isdisjoint(document):
        return DocumentKind.SUMMARY
    return DocumentKind.DETAIL if "EnableManagedSpotTraining" not in document and is_detail(document) else DocumentKind.DESCRIBE


def job_of(
    document: Document,
    *,
    kind: DocumentKind,
    tags: Mapping[str, str] | None = None,
    product_id: str | None = None,
    algorithm_described: bool = False,
    later: Collection[str] = (),
    service: Service | None = None,
    fields: Mapping[tuple[str, ...], bool] = NO_FIELDS,
) -> Job:
    """Read the job in a document. Raises BadDocument.

    ``tags`` are those of ListTags; without them the document's own tags are used. If it has none, the tags of a request are
    empty, and those of any other document unknown. ``product_id`` is DescribeAlgorithm's; ``algorithm_described`` says whether
    that was called. ``later`` are members that are filled in later (``StoppingCondition.MaxRuntimeInSeconds``). ``service`` is an
    owner that the caller knows. ``fields`` are the members that expressions of the policy read, and whether requests have them.
    """
    body = _detail(document) if kind is DocumentKind.EVENT else document
    name = _name(body, kind)
    arn, role = text(body, "TrainingJobArn") or "", text(body, "RoleArn") or ""
    account, region = _place(document, arn, role)
    said = tags if tags is not None else _tags(body.get("Tags"))
    tags = said or {}
    proved = service_of(body, tags)
    owner, claimed = service or proved, claimed_service(body, tags)
    stopping, resources, history = section(body, "StoppingCondition"), job_resources(body), status_history(body)
    instance_type = None if resources["instance_type"] in MANY else resources["instance_type"]
    created_at = moment(body, "CreationTime")
    absent = {
        "account": account, "region": region, "role": role, "created_at": created_at, "instance_type": instance_type, "tags": said
    }  # fmt: skip
    return Job(
        arn=arn,
        name=name,
        account=account,
        region=region,
        role=role,
        tags=tags,
        service=owner,
        claimed=None if owner else claimed,
        tuner=(text(body, "TuningJobArn") or "").rpartition("/")[2],
        spot=flag(body, "EnableManagedSpotTraining") or False,
        algorithm=_algorithm(body, account, product_id, described=algorithm_described),
        checkpoint_uri=_checkpoint_uri(body),
        runtime_s_max=whole(stopping, "MaxRuntimeInSeconds", SECONDS_MAX),
        wait_s_max=whole(stopping, "MaxWaitTimeInSeconds", SECONDS_MAX),
        model_artifacts=text(section(body, "ModelArtifacts"), "S3ModelArtifacts"),
        output_uri=text(section(body, "OutputDataConfig"), "S3OutputPath"),
        members=members_read(body, fields, kind, later) if fields else {},
        unrepeatable=unrepeatable_of(body, proved, claimed),
        excludes_spot=members_excluding_spot(body),
        rule_instances=rule_instances(body),
        unknown=unsaid_fields(kind, body, later, absent=absent),
        **resources,
        **history,
    )


def _algorithm(body: Document, account: str, product_id: str | None, *, described: bool) -> Algorithm:
    specification = section(body, "AlgorithmSpecification")
    return algorithm_of(
        image=text(specification, "TrainingImage"),
        algorithm_name=text(specification, "AlgorithmName"),
        product_id=product_id,
        described=described,
        hyperparameters=section(body, "HyperParameters"),
        account=account,
    )


def _checkpoint_uri(body: Document) -> str | None:
    uri = text(section(body, "CheckpointConfig"), "S3Uri")
    return without_credentials(uri) if uri else None


def _detail(event: Document) -> Document:
    """The part of an event that describes the job. Raises BadDocument for another service's event."""
    for member, wanted in (("source", SOURCE), ("detail-type", DETAIL_TYPE)):
        if event.get(member) != wanted:
            raise BadDocument(f"an event whose {member} is {shown(event.get(member))}, wanted {wanted!r}")
    return section(event, "detail")


def _name(body: Document, kind: DocumentKind) -> str:
    found = body.get("TrainingJobName")
    if isinstance(found, str) and found:
        return found
    of = {DocumentKind.EVENT: "an event without a job name: detail.TrainingJobName"}.get(kind, "TrainingJobName")
    raise BadDocument(f"{of} is {shown(found)}, wanted the name of a training job")


def _place(document: Document, arn: str, role: str) -> tuple[str, str]:
    """Account and region: from the job's ARN or the event's envelope; the account of a request is that of its role."""
    parts = arn.split(":", 5)
    if len(parts) == 6:
        return parts[4], parts[3]
    owner = _ROLE.fullmatch(role)
    return text(document, "account") or (owner[1] if owner else ""), text(document, "region") or ""


def _tags(found: Any) -> Mapping[str, str] | None:
    """Tags as a map, or as a list of Key and Value; None where they are absent."""
    match found:
        case None:
            return None
        case Mapping():
            pairs: list[tuple[Any, Any]] = list(found.items())
        case list():
            pairs = [(tag.get("Key"), tag.get("Value")) for tag in objects({"Tags": found}, "Tags")]
        case _:
            raise BadDocument(f"Tags is {shown(found)}, wanted a map, or a list of Key and Value")
    for key, value in pairs:
        if not isinstance(key, str) or not isinstance(value, str):
            raise BadDocument(f"Tags has {shown(key)}: {shown(value)}, wanted text for a key and text for its value")
    return dict(pairs)
