"""Changes to the next attempt's request: fragments of a CreateTrainingJob request, in which null removes a member.

The members that a fragment may change are a complete list: ``controller.jobs.changes``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

RequestChange = Mapping[str, Any]

WAIT_FACTOR = 2  # MaxWaitTimeInSeconds beyond MaxRuntimeInSeconds, where no earlier attempt has one


def on_demand() -> RequestChange:
    """Leave spot: SageMaker refuses MaxWaitTimeInSeconds without it."""
    return {"EnableManagedSpotTraining": False, "StoppingCondition": {"MaxWaitTimeInSeconds": None}}


def on_spot(*, runtime_s: int, wait_s: int | None) -> RequestChange:
    """Move to spot: SageMaker requires a MaxWaitTimeInSeconds of at least MaxRuntimeInSeconds, and no warm pool."""
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
"""One machine on spot that trains nothing and writes nothing; SageMaker gives up asking after a quarter of an hour."""


def on_instances(instance_type: str, count: int | None = None) -> RequestChange:
    """Use instances of one type, without preferences; as many as before, or ``count``."""
    of = {"InstanceType": instance_type, "InstancePreferences": None, "InstancePlacementConfig": None}
    return {"ResourceConfig": of | ({"InstanceCount": count} if count is not None else {})}


def on_volume(size_gb: int) -> RequestChange:
    return {"ResourceConfig": {"VolumeSizeInGB": size_gb}}


def in_subnets(subnets: Iterable[str]) -> RequestChange:
    return {"VpcConfig": {"Subnets": list(subnets)}}


def merged(*fragments: RequestChange) -> RequestChange:
    """Merge fragments, later ones over earlier ones. A list of tags grows, every other list is replaced."""
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
    """A fragment as an intent stores it: the same text for the same fragment, empty for none."""
    return json.dumps(fragment, sort_keys=True) if fragment else ""


def change_from_json(text: str) -> RequestChange:
    """The fragment that ``change_to_json`` wrote."""
    fragment: RequestChange = json.loads(text) if text else {}
    return fragment


def describe_change(text: str, was: str = "") -> tuple[str, ...]:
    """The changes in words, one for each member. A member that is removed only because of another change is not named.

    ``was`` is a fragment with the values of before, where they are known.
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


TAGS_MAX = 50  # of one job
OUR_TAGS = ("spotwarden:lineage", "spotwarden:attempt", "spotwarden:cause")  # that each attempt carries


def tags_without_room(tags: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of a job's tags that its next attempt cannot carry beside Spotwarden's own: the last ones."""
    carried = [key for key in tags if key not in OUR_TAGS and not key.lower().startswith("aws:")]
    return tuple(carried[TAGS_MAX - len(OUR_TAGS) :])
