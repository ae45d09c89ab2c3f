"""Changes to the next attempt's request: parts of a CreateTrainingJob request, in which None (null) removes a member.

``controller.jobs.changes`` has the complete list of members that may be changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

RequestChange = Mapping[str, Any]

WAIT_FACTOR = 2  # MaxWaitTimeInSeconds divided by MaxRuntimeInSeconds, if no earlier attempt has a MaxWaitTimeInSeconds


def on_demand() -> RequestChange:
    """Move to on-demand. MaxWaitTimeInSeconds is removed, because SageMaker accepts it only for spot."""
    return {"EnableManagedSpotTraining": False, "StoppingCondition": {"MaxWaitTimeInSeconds": None}}


def on_spot(*, runtime_s: int, wait_s: int | None) -> RequestChange:
    """Move to spot: SageMaker requires a MaxWaitTimeInSeconds of at least MaxRuntimeInSeconds, and no warm pool.

    Without ``wait_s``, the job may wait for twice its runtime.
    """
    max_wait_s = max(wait_s or WAIT_FACTOR * runtime_s, runtime_s)
    return {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": runtime_s, "MaxWaitTimeInSeconds": max_wait_s},
        "ResourceConfig": {"KeepAlivePeriodInSeconds": None},
    }


PROBE_RUNTIME_S, PROBE_WAIT_S = 300, 900
PROBE: RequestChange = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": PROBE_RUNTIME_S, "MaxWaitTimeInSeconds": PROBE_WAIT_S},
    "ResourceConfig": {"InstanceCount": 1, "KeepAlivePeriodInSeconds": None},
    "CheckpointConfig": None,
    "InputDataConfig": None,
    "AlgorithmSpecification": {"ContainerEntrypoint": ["sleep", "1"], "ContainerArguments": None},
}
"""One spot instance that trains nothing and writes nothing. SageMaker waits for capacity at most 15 minutes."""


def on_instances(instance_type: str, count: int | None = None) -> RequestChange:
    """Use instances of one type, without InstancePreferences; ``count`` of them, or as many as before."""
    of = {"InstanceType": instance_type, "InstancePreferences": None, "InstancePlacementConfig": None}
    return {"ResourceConfig": of | ({"InstanceCount": count} if count is not None else {})}


def on_volume(size_gb: int) -> RequestChange:
    """Use volumes of this size (VolumeSizeInGB)."""
    return {"ResourceConfig": {"VolumeSizeInGB": size_gb}}


def in_subnets(subnets: Iterable[str]) -> RequestChange:
    """Use these subnets of the VPC; the security groups stay the same."""
    return {"VpcConfig": {"Subnets": list(subnets)}}


def merged(*fragments: RequestChange) -> RequestChange:
    """Merge parts of a request; a later value replaces an earlier one. Lists are replaced, except Tags, which are appended."""
    whole: dict[str, Any] = {}
    for fragment in fragments:
        for member, value in fragment.items():
            below = whole.get(member)
            if member == "Tags" and below:
                whole[member] = [*below, *value]
            elif isinstance(value, Mapping) and isinstance(below, Mapping):
                whole[member] = merged(below, value)
            else:
                whole[member] = value
    return whole


def change_to_json(fragment: RequestChange) -> str:
    """The changes as JSON, as an intent stores them: the same text for equal changes, empty for none."""
    return json.dumps(fragment, sort_keys=True) if fragment else ""


def change_from_json(text: str) -> RequestChange:
    """The changes that ``change_to_json`` wrote."""
    fragment: RequestChange = json.loads(text) if text else {}
    return fragment


def describe_change(text: str, was: str = "") -> tuple[str, ...]:
    """The changes in words, one text per member. Members of ResourceConfig that are only removed are left out.

    ``text`` are the changes and ``was`` the former values, as far as known; both as JSON.
    """
    leaves, before = _leaves(change_from_json(text)), dict(_leaves(change_from_json(was)))
    return tuple(
        _in_words(path, value, before.get(path)) for path, value in leaves if value is not None or path[0] != "ResourceConfig"
    )


def _leaves(fragment: Any, path: tuple[str, ...] = ()) -> Iterable[tuple[tuple[str, ...], Any]]:
    for member, value in fragment.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, member))
        elif member != "Tags" or path:
            yield (*path, member), value
        else:
            yield from (((member, tag["Key"]), tag["Value"]) for tag in value)


def _in_words(path: tuple[str, ...], value: Any, before: Any) -> str:
    name = path[-1]
    was = f" (was {_value_in_words(before)})" if before is not None else ""
    if path[0] == "Tags":
        name = f"tag {name}"
    elif name == "S3Uri":  # several members of a request have one
        name = ".".join(path)
    return f"no {name}{was}" if value is None else f"{name} {_value_in_words(value)}{was}"


def _value_in_words(value: Any) -> str:
    match value:
        case list():
            return ", ".join(map(str, value))
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


TAGS_MAX = 50  # tags of one job, SageMaker's maximum
OUR_TAGS = ("spotwarden:lineage", "spotwarden:attempt", "spotwarden:cause")  # each attempt gets these tags


def tags_without_room(tags: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of the job's tags that the next attempt has no room for beside Spotwarden's own tags: the last ones."""
    carried = [key for key in tags if key not in OUR_TAGS and not key.lower().startswith("aws:")]
    return tuple(carried[TAGS_MAX - len(OUR_TAGS) :])
