"""Reads a training job out of a document: a DescribeTrainingJob response, a CreateTrainingJob request, or an EventBridge event.

One parse for all three. They differ in what they can carry: a request has no status or creation time, an event no spot flag,
checkpoint config or usage. What a document does not carry holds a placeholder and is named in ``Job.unknown``; whether an
absent member means "none" or "not said" is the kind's to say (an absent spot flag is false in a description, unknown in an
event). Members that nobody knows are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from controller.adapters.ownership import service_of, unrepeatable
from controller.algorithm import algorithm_of
from controller.job import Job, Usage, ending_of

Document = Mapping[str, Any]

SOURCE = "aws.sagemaker"
DETAIL_TYPE = "SageMaker Training Job State Change"

EPOCH = datetime.fromtimestamp(0, UTC)  # stands for a creation time that nobody said
MILLISECONDS_FROM = 100_000_000_000  # as seconds the year 5138, as milliseconds 1973: larger numbers are milliseconds

_ROLE_ACCOUNT = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/.+")


class DocumentKind(StrEnum):
    """The documents that a job is read from."""

    DESCRIBE = "DescribeTrainingJob response"
    CREATE = "CreateTrainingJob request"
    EVENT = "EventBridge event"


class BadDocument(ValueError):
    """A document that no job can be read from: says what was found, and what was wanted."""


def kind_of(document: object) -> DocumentKind:
    """Recognise a document by its keys. Raise BadDocument for one of no known kind."""
    if not isinstance(document, Mapping):
        raise BadDocument(f"found {_shown(document)}, wanted a job document: an object with named members")
    if "detail-type" in document or ("source" in document and "detail" in document):
        return DocumentKind.EVENT
    if "TrainingJobArn" in document or "TrainingJobStatus" in document:
        return DocumentKind.DESCRIBE
    if "TrainingJobName" in document and not REQUESTED.isdisjoint(document):
        return DocumentKind.CREATE
    raise BadDocument(f"found {_members(document)}, wanted {WANTED}")


# What makes a document with a TrainingJobName a request: the members that SageMaker asks for, or that policies are about.
REQUESTED = frozenset({"RoleArn", "OutputDataConfig", "AlgorithmSpecification", "ResourceConfig", "StoppingCondition"})
WANTED = (
    "a DescribeTrainingJob response (TrainingJobArn, TrainingJobStatus), a CreateTrainingJob request"
    " (TrainingJobName, RoleArn, OutputDataConfig) or an EventBridge event (source, detail-type, detail)"
)


def job_of(
    document: Document,
    *,
    kind: DocumentKind,
    tags: Mapping[str, str] | None = None,
    product_id: str | None = None,
    algorithm_described: bool = False,
) -> Job:
    """Read the job that a document is about.

    ``tags`` are ListTags', where somebody asked; else the document's own count, and a description or request without any has
    none. ``product_id`` is DescribeAlgorithm's, and ``algorithm_described`` says whether that answer was seen. Raise BadDocument.
    """
    body = _detail(document) if kind is DocumentKind.EVENT else document
    name = body.get("TrainingJobName")
    if not isinstance(name, str) or not name:
        where = "an event without a job name: detail.TrainingJobName" if kind is DocumentKind.EVENT else "TrainingJobName"
        raise BadDocument(f"{where} is {_shown(name)}, wanted a training job's name")
    arn = _text(body, "TrainingJobArn") or ""
    role = _text(body, "RoleArn") or ""
    account, region = _place(document, arn, role)
    if tags is None:
        tags = _tags(body.get("Tags"))
    resources, stopping = _section(body, "ResourceConfig"), _section(body, "StoppingCondition")
    instance_type, instance_count = _instances(resources)
    spot, checkpoints = _flag(body, "EnableManagedSpotTraining"), _section(body, "CheckpointConfig")
    status, secondary = _text(body, "TrainingJobStatus") or "", _text(body, "SecondaryStatus") or ""
    failure = _text(body, "FailureReason")
    ending = ending_of(status, secondary, failure)
    created_at = time_of(body, "CreationTime")
    modified_at = time_of(body, "LastModifiedTime")
    lines = _list(body, "SecondaryStatusTransitions")
    algorithm = _section(body, "AlgorithmSpecification")
    said = {
        "account": account, "region": region, "role": role, "created_at": created_at, "instance_type": instance_type,
    }  # fmt: skip
    if kind is DocumentKind.EVENT:
        said |= {
            "spot": spot, "checkpoint_uri": checkpoints.get("S3Uri"), "wait_s_max": stopping.get("MaxWaitTimeInSeconds"),
            "runtime_s_max": stopping.get("MaxRuntimeInSeconds"), "tags": tags, "usage": body.get("BillableTimeInSeconds"),
            "algorithm": algorithm.get("TrainingImage") or algorithm.get("AlgorithmName"),
        }  # fmt: skip
    unknown = frozenset(field for field, value in said.items() if value in (None, ""))
    tags = tags or {}
    return Job(
        arn=arn, name=name, account=account, region=region, status=status, secondary=secondary, ending=ending,
        instance_type=instance_type or "flexible", instance_count=instance_count, spot=bool(spot),
        algorithm=algorithm_of(
            image=_text(algorithm, "TrainingImage"), algorithm_name=_text(algorithm, "AlgorithmName"), product_id=product_id,
            described=algorithm_described, hyperparameters=_section(body, "HyperParameters"),
        ),
        checkpoint_uri=_text(checkpoints, "S3Uri"),
        runtime_s_max=_whole(stopping, "MaxRuntimeInSeconds"), wait_s_max=_whole(stopping, "MaxWaitTimeInSeconds"),
        usage=_usage(body),
        interrupted_at=tuple(
            time_of(line, "StartTime") or created_at or EPOCH for line in lines if line.get("Status") == "Interrupted"
        ),
        created_at=created_at or EPOCH, started_at=time_of(body, "TrainingStartTime"),
        stopping_at=_stopping_at(lines) or (modified_at if status == "Stopping" else None),
        ended_at=(time_of(body, "TrainingEndTime") or _last_moment(lines) or modified_at) if ending else None,
        failure=failure, role=role, service=service_of(body, tags), unrepeatable=unrepeatable(body, tags), tags=tags,
        unknown=unknown,
    )  # fmt: skip


def time_of(section: Document, member: str) -> datetime | None:
    """Read a moment: a datetime, ISO 8601, or a number or digit string since 1970; None for null and absent.

    boto3 gives datetimes, events milliseconds as a number or as digits, and the AWS CLI ISO text or, in its first version, seconds.
    """
    found = section.get(member)
    if found is None or found == "":
        return None
    try:
        match found:
            case datetime():
                moment = found
            case date():
                moment = datetime(found.year, found.month, found.day, tzinfo=UTC)
            case bool():
                raise ValueError
            case int() | float():
                moment = _since_1970(found)
            case str() if re.fullmatch(r"\d+(\.\d+)?", found):
                moment = _since_1970(float(found))
            case str():
                moment = datetime.fromisoformat(found)
            case _:
                raise ValueError
    except (ValueError, OverflowError, OSError) as error:
        wanted = "a time: ISO 8601, or milliseconds since 1970"
        raise BadDocument(f"{member} is {_shown(found)}, wanted {wanted}") from error
    if moment.tzinfo is UTC:
        return moment
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _since_1970(number: float) -> datetime:
    return datetime.fromtimestamp(number / 1000 if number >= MILLISECONDS_FROM else number, UTC)


def _detail(event: Document) -> Document:
    """The part of an event that speaks of the job. Raise BadDocument for an event of somebody else."""
    for member, wanted in (("source", SOURCE), ("detail-type", DETAIL_TYPE)):
        if event.get(member) != wanted:
            raise BadDocument(f"an event whose {member} is {_shown(event.get(member))}, wanted {wanted!r}")
    return _section(event, "detail")


def _place(document: Document, arn: str, role: str) -> tuple[str, str]:
    """Account and region: of the job's ARN, else of the event's envelope, else the account of the role, which must be the job's."""
    parts = arn.split(":", 5)
    if len(parts) == 6:
        return parts[4], parts[3]
    owner = _ROLE_ACCOUNT.fullmatch(role)
    return _text(document, "account") or (owner[1] if owner else ""), _text(document, "region") or ""


def _tags(found: Any) -> Mapping[str, str] | None:
    """Tags as a map or as a list of Key and Value; None where nothing is said of them."""
    match found:
        case None:
            return None
        case Mapping():
            pairs: Sequence[tuple[Any, Any]] = list(found.items())
        case list():
            pairs = [(tag.get("Key"), tag.get("Value")) if isinstance(tag, Mapping) else (None, tag) for tag in found]
        case _:
            raise BadDocument(f"Tags is {_shown(found)}, wanted a map, or a list of Key and Value")
    for key, value in pairs:
        if not isinstance(key, str) or not isinstance(value, str):
            raise BadDocument(f"Tags has {_shown(key)}: {_shown(value)}, wanted text for a key and text for its value")
    return dict(pairs)


def _instances(resources: Document) -> tuple[str | None, int]:
    """Type and count. What SageMaker selected wins; groups of several types are "heterogeneous"; None where nobody can tell yet."""
    selected = _text(resources, "SelectedInstanceType") or _text(resources, "InstanceType")
    count = _whole(resources, "SelectedInstanceCount") or _whole(resources, "InstanceCount")
    _list(resources, "InstancePreferences")
    if selected:
        return selected, count or 1
    groups = _list(resources, "InstanceGroups")
    types = {_text(group, "InstanceType") for group in groups}
    total = sum(_whole(group, "InstanceCount") or 1 for group in groups)
    if len(types) > 1:
        return "heterogeneous", total
    return (types.pop() if types else None), total or count or 1


def _usage(body: Document) -> Usage | None:
    training_s, billable_s = _whole(body, "TrainingTimeInSeconds"), _whole(body, "BillableTimeInSeconds")
    if training_s is None or billable_s is None:
        return None
    return Usage(training_s=training_s, billable_s=billable_s)


def _stopping_at(lines: Sequence[Document]) -> datetime | None:
    return next((time_of(line, "StartTime") for line in lines if line.get("Status") == "Stopping"), None)


def _last_moment(lines: Sequence[Document]) -> datetime | None:
    """When the last status began or ended: a job that never trained has no TrainingEndTime."""
    return (time_of(lines[-1], "EndTime") or time_of(lines[-1], "StartTime")) if lines else None


def _section(document: Document, member: str) -> Document:
    found = document.get(member)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise BadDocument(f"{member} is {_shown(found)}, wanted an object with named members")
    return found


def _list(document: Document, member: str) -> Sequence[Document]:
    found = document.get(member)
    if found is None:
        return ()
    if not isinstance(found, list | tuple) or not all(isinstance(item, Mapping) for item in found):
        raise BadDocument(f"{member} is {_shown(found)}, wanted a list of objects")
    return found


def _text(document: Document, member: str) -> str | None:
    """A member's text; None where it is absent, null or empty (the service writes "" for what was not given)."""
    found = document.get(member)
    if found is None or found == "":
        return None
    if not isinstance(found, str):
        raise BadDocument(f"{member} is {_shown(found)}, wanted text")
    return found


def _whole(document: Document, member: str) -> int | None:
    found = document.get(member)
    if found is None:
        return None
    if type(found) is int and found >= 0:
        return found
    if isinstance(found, str) and found.isascii() and found.isdigit():
        return int(found)
    if isinstance(found, float) and found >= 0 and found.is_integer():
        return int(found)
    raise BadDocument(f"{member} is {_shown(found)}, wanted a whole number, not negative")


def _flag(document: Document, member: str) -> bool | None:
    found = document.get(member)
    if found is None or isinstance(found, bool):
        return found
    raise BadDocument(f"{member} is {_shown(found)}, wanted true or false")


def _shown(found: object) -> str:
    text = "absent" if found is None else repr(found)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _members(document: Document) -> str:
    keys = [str(key) for key in document]
    return f"an object of {', '.join(keys[:6])}{', …' if len(keys) > 6 else ''}" if keys else "an empty object"
