"""What the next attempt's request changes: fragments of a CreateTrainingJob request, null where a member goes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

RequestChange = Mapping[str, Any]

WAIT_FACTOR = 2  # MaxWaitTimeInSeconds over MaxRuntimeInSeconds, where no earlier attempt says how long to wait


def on_demand() -> RequestChange:
    """Leave spot: SageMaker refuses MaxWaitTimeInSeconds without it."""
    return {"EnableManagedSpotTraining": False, "StoppingCondition": {"MaxWaitTimeInSeconds": None}}


def on_spot(*, runtime_s: int, wait_s: int | None) -> RequestChange:
    """Go to spot: SageMaker wants a MaxWaitTimeInSeconds of at least MaxRuntimeInSeconds, and no warm pool."""
    patience_s = max(wait_s or WAIT_FACTOR * runtime_s, runtime_s)
    return {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": runtime_s, "MaxWaitTimeInSeconds": patience_s},
        "ResourceConfig": {"KeepAlivePeriodInSeconds": None},
    }


def as_probe() -> RequestChange:
    """Ask for one machine on spot, train nothing on it, write nothing; SageMaker gives up asking after a quarter of an hour."""
    return {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 900},
        "ResourceConfig": {"InstanceCount": 1, "KeepAlivePeriodInSeconds": None},
        "CheckpointConfig": None,
        "InputDataConfig": None,
        "AlgorithmSpecification": {"ContainerEntrypoint": ["sleep", "1"], "ContainerArguments": None},
    }


def on_instances(instance_type: str) -> RequestChange:
    """Take machines of one type, whatever was preferred."""
    return {"ResourceConfig": {"InstanceType": instance_type, "InstancePreferences": None, "InstancePlacementConfig": None}}


def on_volume(size_gb: int) -> RequestChange:
    return {"ResourceConfig": {"VolumeSizeInGB": size_gb}}


def in_subnets(subnets: Iterable[str]) -> RequestChange:
    return {"VpcConfig": {"Subnets": list(subnets)}}


def merged(*fragments: RequestChange) -> RequestChange:
    """Lay fragments over one another, the later on top; a list of tags grows, every other list is replaced."""
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
    """A fragment as an intent carries it: the same text for the same fragment, empty for none."""
    return json.dumps(fragment, sort_keys=True) if fragment else ""


def change_from_json(text: str) -> RequestChange:
    """The fragment that ``as_text`` wrote."""
    fragment: RequestChange = json.loads(text) if text else {}
    return fragment


def describe_change(text: str) -> tuple[str, ...]:
    """The changes in words for people, one for each member; what goes only because something else comes is not worth a word."""
    leaves = _leaves(change_from_json(text))
    return tuple(_told(path, value) for path, value in leaves if value is not None or path[0] != "ResourceConfig")


def _leaves(fragment: Any, path: tuple[str, ...] = ()) -> Iterable[tuple[tuple[str, ...], Any]]:
    for member, value in fragment.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, member))
        elif member != "Tags" or path:
            yield (*path, member), value
        else:
            yield from (((member, tag["Key"]), tag["Value"]) for tag in value)


def _told(path: tuple[str, ...], value: Any) -> str:
    name = path[-1] if path[0] != "Tags" else f"tag {path[-1]}"
    match value:
        case None:
            return f"no {name}"
        case list():
            return f"{name} {', '.join(map(str, value))}"
        case bool():
            return f"{name} {'true' if value else 'false'}"
        case _:
            return f"{name} {value}"


TAGS_MAX = 50  # of one job
OUR_TAGS = ("spotwarden:lineage", "spotwarden:attempt", "spotwarden:cause")  # that each attempt carries


def tags_without_room(tags: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of a job's tags that its next attempt cannot carry beside Spotwarden's own: the last ones."""
    carried = [key for key in tags if key not in OUR_TAGS and not key.lower().startswith("aws:")]
    return tuple(carried[TAGS_MAX - len(OUR_TAGS) :])
