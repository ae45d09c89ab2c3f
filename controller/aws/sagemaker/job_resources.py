"""The instances, volume and subnets of a job, as they were requested or as SageMaker selected them."""

from __future__ import annotations

import json
from typing import TypedDict

from controller.aws.sagemaker.members import COUNT_MAX, Document, objects, section, text, whole

HETEROGENEOUS = "heterogeneous"  # in place of the instance type, where instance groups have several types
FLEXIBLE = "flexible"  # in place of the instance type, until SageMaker selects one of the preferences
MANY = frozenset({HETEROGENEOUS, FLEXIBLE})


class JobResources(TypedDict):
    """The fields of a job for its instances, volume and subnets."""

    instance_type: str
    instance_count: int
    volume_gb: int | None
    preferences: str
    groups: tuple[str, ...]
    subnets: tuple[str, ...]


def job_resources(body: Document) -> JobResources:
    """Read the instances, volume and subnets of a job. Raises BadDocument."""
    resources = section(body, "ResourceConfig")
    instance_type, instance_count = _instances(resources)
    return JobResources(
        instance_type=instance_type,
        instance_count=instance_count,
        volume_gb=whole(resources, "VolumeSizeInGB", COUNT_MAX),
        preferences=_preferences(resources),
        groups=_groups(resources),
        subnets=tuple(str(subnet) for subnet in section(body, "VpcConfig").get("Subnets") or ()),
    )


def _instances(resources: Document) -> tuple[str, int]:
    """Instance type and count. What SageMaker selected replaces what was requested. Where there is no one type: HETEROGENEOUS, or
    FLEXIBLE.
    """
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
    """The instance types of the instance groups; empty where one of the groups has no type."""
    types = [text(group, "InstanceType") for group in objects(resources, "InstanceGroups")]
    return tuple(dict.fromkeys(kind for kind in types if kind)) if all(types) else ()


def _preferences(resources: Document) -> str:
    """InstancePreferences as JSON, the same text for the same preferences; empty without any."""
    preferred = objects(resources, "InstancePreferences")
    return json.dumps([dict(one) for one in preferred], sort_keys=True, default=str) if preferred else ""
