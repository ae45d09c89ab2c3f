"""The complete list of changes that an attempt may make to its request, and what a description shows of them.

Every stored change and every fix of a rule is read into ``Changes`` first, so that no other member of a request (role, image,
code, inputs, network isolation, security groups, keys) can be changed. ``Job.identity`` is a hash of those other members.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from controller.jobs.job import Job
from controller.jobs.request import PROBE_RUNTIME_S, PROBE_WAIT_S, RequestChange, merged, on_instances
from controller.units.value import dataclass

RUNTIME_S_MAX = 28 * 86_400  # SageMaker's maximum
WAIT_S_MAX = 90 * 86_400  # SageMaker documents no limit; this excludes impossible values
INSTANCES_MAX = 1000
VOLUME_GB_MAX = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Every change that the controller may make to a request; None and empty mean no change.

    A move from spot removes MaxWaitTimeInSeconds, and a move to spot removes the warm pool, because SageMaker would refuse the
    request otherwise.
    """

    spot: bool | None = None
    runtime_s: int | None = None
    wait_s: int | None = None
    instance_type: str | None = None
    instance_count: int | None = None
    volume_gb: int | None = None
    subnets: tuple[str, ...] = ()
    checkpoint_uri: str | None = None
    tags: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, fragment: RequestChange) -> Changes:
        """Read a part of a request. Raises ValueError for a member that is not in ``_READERS``, and for a value out of bounds."""
        found: dict[str, Any] = {}
        for path, value in _members(fragment):
            reader = _READERS.get(path)
            if reader is None:
                raise ValueError(f"found a change of {'.'.join(path)}, wanted one of {', '.join(map('.'.join, _READERS))}")
            field, read = reader
            given = read(value)
            if given is not None:
                found[field] = given
        changes = cls(**found)
        if changes.runtime_s and changes.wait_s and changes.wait_s < changes.runtime_s:
            raise ValueError(f"found MaxWaitTimeInSeconds {changes.wait_s} below MaxRuntimeInSeconds {changes.runtime_s}")
        return changes

    @classmethod
    def read(cls, text: str) -> Changes:
        """Read the JSON of an intent's ``changes``. Raises ValueError as ``of`` does, and for a text that is no JSON object."""
        try:
            fragment = json.loads(text) if text else {}
        except RecursionError:
            raise ValueError(f"found changes that are nested too deeply: {text[:80]!r}") from None
        if not isinstance(fragment, Mapping):
            raise ValueError(f"found changes {text[:80]!r}, wanted an object with named members")
        return cls.of(fragment)

    def request(self) -> RequestChange:
        """The part of a request that is merged into the job's request. None as a value removes the member."""
        stopping = {"MaxRuntimeInSeconds": self.runtime_s, "MaxWaitTimeInSeconds": self.wait_s}
        whole: dict[str, Any] = {"StoppingCondition": {name: value for name, value in stopping.items() if value is not None}}
        resources: dict[str, Any] = {"InstanceCount": self.instance_count, "VolumeSizeInGB": self.volume_gb}
        whole["ResourceConfig"] = {name: value for name, value in resources.items() if value is not None}
        if self.spot is not None:
            whole["EnableManagedSpotTraining"] = self.spot
        if self.spot is False:
            whole["StoppingCondition"]["MaxWaitTimeInSeconds"] = None
        elif self.spot:
            whole["ResourceConfig"]["KeepAlivePeriodInSeconds"] = None
        if self.instance_type is not None:
            whole = dict(merged(whole, on_instances(self.instance_type)))
        if self.subnets:
            whole["VpcConfig"] = {"Subnets": list(self.subnets)}
        if self.checkpoint_uri is not None:
            whole["CheckpointConfig"] = {"S3Uri": self.checkpoint_uri}
        if self.tags:
            whole["Tags"] = [{"Key": key, "Value": value} for key, value in self.tags]
        return {member: value for member, value in whole.items() if value not in ({}, None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestForm:
    """The members in which attempts of one lineage may differ, as a description shows them. ``Job.identity`` covers the others.

    ``preferences`` are InstancePreferences as JSON.
    """

    spot: bool
    runtime_s: int | None
    wait_s: int | None
    instance_type: str
    instance_count: int
    volume_gb: int | None
    subnets: tuple[str, ...]
    checkpoint_uri: str | None
    preferences: str = ""

    @classmethod
    def of(cls, job: Job) -> RequestForm:
        """The form of a job. With InstancePreferences SageMaker chooses type and count, so neither is compared."""
        return cls(
            spot=job.spot, runtime_s=job.runtime_s_max, wait_s=job.wait_s_max if job.spot else None,
            instance_type="" if job.preferences else job.instance_type,
            instance_count=1 if job.preferences else job.instance_count,
            volume_gb=job.volume_gb, subnets=tuple(sorted(job.subnets)), checkpoint_uri=job.checkpoint_uri,
            preferences=job.preferences,
        )  # fmt: skip

    def values_of(self, changes: Changes) -> RequestChange:
        """The current values of the members that ``changes`` would change, as a part of a request; without unknown values."""
        named = {name for name, value in asdict(changes).items() if value not in (None, ())}
        named |= {"wait_s"} if changes.spot is False else set()
        known: dict[str, Any] = {}
        for path, (field, _) in _READERS.items():
            value = getattr(self, field, None) if field in named else None
            if value not in (None, "", ()):
                known = dict(merged(known, _nested(path, list(value) if isinstance(value, tuple) else value)))
        return known

    def changed(self, changes: Changes) -> RequestForm:
        """The form of the same request with these changes."""
        given = {name: value for name, value in asdict(changes).items() if name != "tags" and value not in (None, ())}
        form = replace(self, **given)
        if changes.instance_type is not None:
            form = replace(form, preferences="")
        return replace(form, subnets=tuple(sorted(form.subnets)), wait_s=form.wait_s if form.spot else None)

    def probing(self) -> RequestForm:
        """The form of a probe for this job's pool."""
        return replace(
            self, spot=True, runtime_s=PROBE_RUNTIME_S, wait_s=PROBE_WAIT_S, instance_count=1, checkpoint_uri=None
        )  # fmt: skip

    def to_json(self) -> str:
        """The form as an intent stores it (``Submit.sent``): the same text for equal forms."""
        return json.dumps(asdict(self), sort_keys=True)


def _members(fragment: RequestChange) -> Iterable[tuple[tuple[str, ...], Any]]:
    for member, value in fragment.items():
        if member in _SECTIONS and isinstance(value, Mapping):
            yield from (((member, name), inner) for name, inner in value.items())
        else:
            yield (member,), value


def _nested(path: tuple[str, ...], value: Any) -> RequestChange:
    return {path[0]: _nested(path[1:], value) if len(path) > 1 else value}


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"found {value!r}, wanted true or false")
    return value


def _number(most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not 1 <= value <= most:
            raise ValueError(f"found {value!r}, wanted a whole number from 1 to {most}")
        return value

    return read


def _or_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _only_removed(value: Any) -> None:
    """Accept only null: the member may only be removed."""
    if value is not None:
        raise ValueError(f"found {value!r}, wanted null: this member may only be removed")


def _text(pattern: str, wanted: str) -> Callable[[Any], str]:
    shape = re.compile(pattern)

    def read(value: Any) -> str:
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise ValueError(f"found {str(value)[:80]!r}, wanted {wanted}")
        return value

    return read


def _texts(pattern: str, wanted: str) -> Callable[[Any], tuple[str, ...]]:
    one = _text(pattern, wanted)

    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= 16:
            raise ValueError(f"found {str(value)[:80]!r}, wanted a list of 1 to 16: {wanted}")
        return tuple(one(item) for item in value)

    return read


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list | tuple) or len(value) > 50 or not all(_is_tag(tag) for tag in value):
        raise ValueError(f"found Tags {str(value)[:80]!r}, wanted a list of Key and Value")
    return tuple((tag["Key"], tag["Value"]) for tag in value)


def _is_tag(tag: Any) -> bool:
    return isinstance(tag, Mapping) and tag.keys() == {"Key", "Value"} and all(isinstance(text, str) for text in tag.values())


_SECTIONS = frozenset({"StoppingCondition", "ResourceConfig", "VpcConfig", "CheckpointConfig"})
_READERS: Mapping[tuple[str, ...], tuple[str, Callable[[Any], Any]]] = {
    ("EnableManagedSpotTraining",): ("spot", _flag),
    ("StoppingCondition", "MaxRuntimeInSeconds"): ("runtime_s", _number(RUNTIME_S_MAX)),
    ("StoppingCondition", "MaxWaitTimeInSeconds"): ("wait_s", _or_none(_number(WAIT_S_MAX))),
    ("ResourceConfig", "InstanceType"): ("instance_type", _text(r"ml\.[a-z0-9-]+\.[a-z0-9-]+", "an instance type")),
    ("ResourceConfig", "InstanceCount"): ("instance_count", _number(INSTANCES_MAX)),
    ("ResourceConfig", "VolumeSizeInGB"): ("volume_gb", _number(VOLUME_GB_MAX)),
    ("ResourceConfig", "KeepAlivePeriodInSeconds"): ("", _only_removed),
    ("ResourceConfig", "InstancePreferences"): ("", _only_removed),
    ("ResourceConfig", "InstancePlacementConfig"): ("", _only_removed),
    ("VpcConfig", "Subnets"): ("subnets", _texts(r"[-0-9a-zA-Z]{1,32}", "a subnet's id")),
    ("CheckpointConfig", "S3Uri"): ("checkpoint_uri", _text(r"s3://[^/\s]+(/\S*)?", "an S3 URI")),
    ("Tags",): ("tags", _pairs),
}
"""The members that may be changed, the field of ``Changes`` for each (empty for one that is only removed), and its reader."""
