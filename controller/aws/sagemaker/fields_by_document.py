"""The kinds of documents, and the fields of a job that each of them does not contain."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from controller.aws.sagemaker.members import MILLISECONDS_FROM, Document
from controller.jobs.spot_possible import EXCLUDING


class DocumentKind(StrEnum):
    """The documents that a job is read from."""

    DESCRIBE = "DescribeTrainingJob response"
    CREATE = "CreateTrainingJob request"
    EVENT = "EventBridge event"
    DETAIL = "detail of an EventBridge event"
    SUMMARY = "summary of a training job"
    SEARCHED = "training job of a Search response"


# The members of a document for each field of a job. A field is unknown where one of them is filled in later.
MEMBERS: Mapping[str, tuple[str, ...]] = {
    "name": ("TrainingJobName",),
    "role": ("RoleArn",),
    "account": ("RoleArn",),
    "tags": ("Tags",),
    "spot": ("EnableManagedSpotTraining",),
    "runtime_s_max": ("StoppingCondition.MaxRuntimeInSeconds",),
    "wait_s_max": ("StoppingCondition.MaxWaitTimeInSeconds",),
    "checkpoint_uri": ("CheckpointConfig.S3Uri",),
    "instance_type": ("ResourceConfig.InstanceType", "ResourceConfig.InstanceGroups", "ResourceConfig.InstancePreferences"),
    "instance_count": ("ResourceConfig.InstanceCount", "ResourceConfig.InstanceGroups"),
    "volume_gb": ("ResourceConfig.VolumeSizeInGB",),
    "algorithm": ("AlgorithmSpecification.TrainingImage", "AlgorithmSpecification.AlgorithmName"),
    "excludes_spot": (*EXCLUDING,),
}
# The members that an event's detail may lack although the job has them: without them the field is unknown.
IN_EVENTS = {
    **{name: MEMBERS[name] for name in ("spot", "runtime_s_max", "wait_s_max", "checkpoint_uri", "algorithm", "excludes_spot")},
    "usage": ("BillableTimeInSeconds",),
}
ALWAYS_SAID = ("ResourceConfig", "StoppingCondition", "AlgorithmSpecification")  # in the description of every job but serverless


def is_detail(document: Mapping[Any, Any]) -> bool:
    """Whether a document is the detail of an event: its CreationTime is in milliseconds, or its tags are a map."""
    created = document.get("CreationTime")
    in_ms = isinstance(created, int | str) and re.fullmatch(r"[0-9]{1,20}", str(created)) and int(created) >= MILLISECONDS_FROM
    return bool(in_ms) or isinstance(document.get("Tags"), Mapping)


def unsaid_fields(kind: DocumentKind, body: Document, later: Collection[str], *, absent: Mapping[str, object]) -> frozenset[str]:
    """The fields that the document does not contain, where that does not mean "none".

    ``later`` are members that are filled in later. ``absent`` are fields that are unknown where their value is None or "".
    """
    unsaid = {field for field, said in absent.items() if said is None or said == ""}
    if kind is DocumentKind.CREATE:
        unsaid.discard("tags")
    if kind is DocumentKind.SUMMARY:
        return frozenset(MEMBERS.keys() | {"usage"} | unsaid) - {"name"} - ({"account"} - unsaid)
    if kind in (DocumentKind.EVENT, DocumentKind.DETAIL):
        unsaid |= {name for name, members in IN_EVENTS.items() if all(_at(body, m) is None for m in members)}
    elif kind is not DocumentKind.CREATE and not body.get("ServerlessJobConfig"):
        missing = [member for member in ALWAYS_SAID if not body.get(member)]
        if missing:
            unsaid |= {name for name, members in MEMBERS.items() if any(m.partition(".")[0] in missing for m in members)}
    if later:
        unsaid |= {name for name, members in MEMBERS.items() if any(overlaps(m, place) for m in members for place in later)}
    return frozenset(unsaid)


def overlaps(member: str, place: str) -> bool:
    """Whether one member is or contains the other: ``StoppingCondition`` and ``StoppingCondition.MaxRuntimeInSeconds``."""
    return member == place or member.startswith(f"{place}.") or place.startswith((f"{member}.", f"{member}["))


def _at(body: Document, member: str) -> object:
    found: Any = body
    for name in member.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if found not in ("", None) else None
