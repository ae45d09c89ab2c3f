"""Reads a training job from a document: a description or request of SageMaker's API, or an EventBridge event.

One parser reads all of them. They contain different members: a request has no status and no creation time, an event no spot flag,
checkpoint config or usage. A field that a document does not contain has a placeholder and is named in ``Job.unknown``. The kind
of the document decides whether an absent member means "none" or "unknown" (an absent spot flag is false in a description, and
unknown in an event). Unknown members are ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from controller.aws.sagemaker.confidential import without_credentials, without_values
from controller.aws.sagemaker.members import (
    COUNT_MAX,
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
from controller.aws.sagemaker.unsaid_fields import DocumentKind, is_detail, unsaid_fields
from controller.jobs.algorithm import algorithm_of
from controller.jobs.failure import FailureCause, classify
from controller.jobs.job import Interval, Job, Outcome, Service, Usage, outcome_of
from controller.jobs.spot_possible import members_excluding_spot

__all__ = ["BadDocument", "DocumentKind", "is_detail", "job_of", "kind_of"]

SOURCE = "aws.sagemaker"
DETAIL_TYPE = "SageMaker Training Job State Change"
EPOCH = datetime.fromtimestamp(0, UTC)  # stands for an unknown creation time
PENDING_SLACK_S = 60  # SageMaker's own times are not exact to the second

# With a TrainingJobName, any of these makes a request.
REQUESTED = frozenset({"RoleArn", "OutputDataConfig", "AlgorithmSpecification", "ResourceConfig", "StoppingCondition"})

TOLD = REQUESTED | {"TrainingImage", "EnableManagedSpotTraining", "ServerlessJobConfig"}  # a document without any is a summary

HETEROGENEOUS = "heterogeneous"  # instance groups of several types
FLEXIBLE = "flexible"  # a list of preferences; none is selected yet
MANY = frozenset({HETEROGENEOUS, FLEXIBLE})

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
    """A summary says next to nothing; an event's detail has milliseconds, or its tags as a map, and no spot flag."""
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
    """Read the job that a document is about. Raises BadDocument.

    ``tags`` are those of ListTags; without them the document's own count. A request without tags has none; in a description of
    SageMaker they are unknown then. ``product_id`` is DescribeAlgorithm's; ``algorithm_described`` says whether DescribeAlgorithm
    was called. ``later`` names the members that are filled in later (``StoppingCondition.MaxRuntimeInSeconds``), ``service`` the
    owner by the kind of the document. ``fields`` are the members that expressions of the policy read, and if requests have them.
    """
    body = _detail(document) if kind is DocumentKind.EVENT else document
    name = _name(body, kind)
    arn, role = text(body, "TrainingJobArn") or "", text(body, "RoleArn") or ""
    account, region = _place(document, arn, role)
    said = tags if tags is not None else _tags(body.get("Tags"))
    tags = said or {}
    specification, resources = section(body, "AlgorithmSpecification"), section(body, "ResourceConfig")
    checkpoints, stopping = section(body, "CheckpointConfig"), section(body, "StoppingCondition")
    checkpoints_at = text(checkpoints, "S3Uri")
    instance_type, instance_count = _instances(resources)
    status, secondary = text(body, "TrainingJobStatus") or "", text(body, "SecondaryStatus") or ""
    failure = text(body, "FailureReason")
    created_at = moment(body, "CreationTime")
    lines = objects(body, "SecondaryStatusTransitions")
    outcome = Outcome.CAPACITY if _timed_out_pending(body, lines) else outcome_of(status, secondary, failure)
    modified_at = moment(body, "LastModifiedTime")
    proved = service_of(body, tags)
    owner, claimed = service or proved, claimed_service(body, tags)
    return Job(
        arn=arn,
        name=name,
        account=account,
        region=region,
        status=status,
        secondary=secondary,
        outcome=outcome,
        instance_type=instance_type,
        instance_count=instance_count,
        spot=flag(body, "EnableManagedSpotTraining") or False,
        algorithm=algorithm_of(
            image=text(specification, "TrainingImage"),
            algorithm_name=text(specification, "AlgorithmName"),
            product_id=product_id,
            described=algorithm_described,
            hyperparameters=section(body, "HyperParameters"),
            account=account,
        ),
        checkpoint_uri=without_credentials(checkpoints_at) if checkpoints_at else None,
        runtime_s_max=whole(stopping, "MaxRuntimeInSeconds", SECONDS_MAX),
        wait_s_max=whole(stopping, "MaxWaitTimeInSeconds", SECONDS_MAX),
        usage=_usage(body),
        interrupted_at=tuple(
            moment(line, "StartTime") or created_at or EPOCH for line in lines if line.get("Status") == "Interrupted"
        ),
        created_at=created_at or EPOCH,
        started_at=moment(body, "TrainingStartTime"),
        stopping_at=_stopping_at(lines) or (modified_at if status == "Stopping" else None),
        # A job that never trained has no TrainingEndTime. LastModifiedTime comes last: it may change after the end.
        ended_at=(moment(body, "TrainingEndTime") or _last_moment(lines) or modified_at) if outcome else None,
        failure=without_values(failure, body) if failure else None,
        role=role,
        service=owner,
        claimed=None if owner else claimed,
        members=members_read(body, fields, kind, later) if fields else {},
        unrepeatable=unrepeatable_of(body, proved, claimed),
        tags=tags,
        intervals=_intervals(lines, "Training"),
        downloading=_intervals(lines, "Downloading"),
        uploading=_intervals(lines, "Uploading"),
        repeated_at=_repeated_at(lines),
        subnets=tuple(str(subnet) for subnet in section(body, "VpcConfig").get("Subnets") or ()),
        volume_gb=whole(resources, "VolumeSizeInGB", COUNT_MAX),
        preferences=_preferences(resources),
        groups=_groups(resources),
        tuner=(text(body, "TuningJobArn") or "").rpartition("/")[2],
        model_artifacts=text(section(body, "ModelArtifacts"), "S3ModelArtifacts"),
        output_uri=text(section(body, "OutputDataConfig"), "S3OutputPath"),
        excludes_spot=members_excluding_spot(body),
        rule_instances=rule_instances(body),
        unknown=unsaid_fields(
            kind,
            body,
            later,
            absent={
                "account": account,
                "region": region,
                "role": role,
                "created_at": created_at,
                "instance_type": None if instance_type in MANY else instance_type,
                "tags": said,
            },
        ),
    )


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


def _instances(resources: Document) -> tuple[str, int]:
    """Type and count. What SageMaker selected replaces what was requested; several types have one word."""
    objects(resources, "InstancePreferences")
    selected = text(resources, "SelectedInstanceType") or text(resources, "InstanceType")
    count = whole(resources, "SelectedInstanceCount", COUNT_MAX) or whole(resources, "InstanceCount", COUNT_MAX) or 1
    groups = objects(resources, "InstanceGroups")
    if selected or not groups:
        return selected or FLEXIBLE, count
    types = {text(group, "InstanceType") or "" for group in groups}
    total = sum(whole(group, "InstanceCount", COUNT_MAX) or 1 for group in groups)
    return (types.pop() if len(types) == 1 else HETEROGENEOUS), total


def _groups(resources: Document) -> tuple[str, ...]:
    """The instance types of a heterogeneous cluster; none where one of its groups does not say its type."""
    types = [text(group, "InstanceType") for group in objects(resources, "InstanceGroups")]
    return tuple(dict.fromkeys(kind for kind in types if kind)) if all(types) else ()


def _preferences(resources: Document) -> str:
    """The preferred instance types as text, the same for the same preferences."""
    preferred = objects(resources, "InstancePreferences")
    return json.dumps([dict(one) for one in preferred], sort_keys=True, default=str) if preferred else ""


def _usage(body: Document) -> Usage | None:
    """What the job used; None until it is final. A warm pool that still waits for a job is still being billed."""
    training_s, billable_s = whole(body, "TrainingTimeInSeconds", SECONDS_MAX), whole(body, "BillableTimeInSeconds", SECONDS_MAX)
    pool = section(body, "WarmPoolStatus")
    if training_s is None or billable_s is None or pool.get("Status") in ("Available", "InUse"):
        return None
    return Usage(
        training_s=training_s,
        billable_s=billable_s,
        retained_s=whole(pool, "ResourceRetainedBillableTimeInSeconds", SECONDS_MAX) or 0,
    )


def _timed_out_pending(body: Document, lines: Sequence[Document]) -> bool:
    """Whether the job was stopped because it waited for capacity longer than MaxPendingTimeInSeconds.

    SageMaker documents that such a job is Stopped, but not with which SecondaryStatus, nor whether it is shown as Pending or as
    Starting while it waits. So a status, its message or a reason that names it decides, else the time that it waited.
    """
    if text(body, "TrainingJobStatus") != "Stopped" or moment(body, "TrainingStartTime") is not None:
        return False
    secondary = text(body, "SecondaryStatus") or ""
    if "pending" in secondary.lower() or "capacity" in secondary.lower():
        return True
    if secondary == "MaxWaitTimeExceeded":
        return False
    limit_s = whole(section(body, "StoppingCondition"), "MaxPendingTimeInSeconds", SECONDS_MAX)
    waits = _intervals(lines, "Pending") or _intervals(lines, "Starting")
    over = _last_moment(lines)  # of the last wait, where SageMaker left its end out
    waited_s = sum((end - one.start).total_seconds() for one in waits if (end := one.end or over) is not None)
    last = (text(line, "StatusMessage") or "" for line in lines if line.get("Status") in ("Stopping", "Stopped"))
    said = any(word in message.lower() for message in last for word in ("pending", "capacity"))
    told = said or classify(text(body, "FailureReason")) is FailureCause.CAPACITY
    return told or (limit_s is not None and waited_s >= limit_s - PENDING_SLACK_S)


def _stopping_at(lines: Sequence[Document]) -> datetime | None:
    return next((moment(line, "StartTime") for line in lines if line.get("Status") == "Stopping"), None)


def _intervals(lines: Sequence[Document], status: str) -> tuple[Interval, ...]:
    """When the job had a status such as Training. A line without an end lasts to the next; one without a start says nothing."""
    told = (
        (moment(line, "StartTime"), moment(line, "EndTime") or moment(after, "StartTime"))
        for line, after in pairwise((*lines, {}))
        if line.get("Status") == status
    )
    return tuple(Interval(start=start, end=end) for start, end in told if start is not None)


def _repeated_at(lines: Sequence[Document]) -> tuple[datetime, ...]:
    """When SageMaker started the job again by itself: it is Starting after it had its instances, and no interruption says why.

    RetryStrategy repeats an internal error so; the job keeps its name.
    """
    again = (line for before, line in pairwise(lines) if line.get("Status") in _STARTS and before.get("Status") in _HAS_INSTANCES)
    return tuple(at for line in again if (at := moment(line, "StartTime")) is not None)


_STARTS = frozenset({"Starting", "Restarting", "Pending"})
_HAS_INSTANCES = frozenset({"Downloading", "DownloadingTrainingImage", "Training", "Uploading"})


def _last_moment(lines: Sequence[Document]) -> datetime | None:
    return (moment(lines[-1], "EndTime") or moment(lines[-1], "StartTime")) if lines else None
