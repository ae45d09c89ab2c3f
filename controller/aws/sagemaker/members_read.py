"""Reads the members of a document that expressions of the policy use, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from controller.aws.sagemaker.fields_by_document import DocumentKind, overlaps
from controller.aws.sagemaker.hide_secrets import HIDDEN

TEXT_MAX, VALUES_MAX = 5_000, 1_000  # SageMaker's own limits are below them
NO_FIELDS: Mapping[tuple[str, ...], bool] = {}
INSTANCES, GROUPS = ("ResourceConfig", "InstanceCount"), ("ResourceConfig", "InstanceGroups")
_UNSAID = object()


def members_read(
    body: Mapping[str, Any], fields: Mapping[tuple[str, ...], bool], kind: DocumentKind, later: Collection[str]
) -> Mapping[tuple[str, ...], Any]:
    """The value of each member in ``fields``; None where the job lacks it.

    An unknown member is left out. It is filled in ``later``, was hidden, or is missing from a document that does not contain
    everything. ``fields`` maps a path to whether a request can contain it.
    """
    found: dict[tuple[str, ...], Any] = {}
    for path, requested in fields.items():
        if any(overlaps(".".join(path), place) for place in later):
            continue
        value = _instances(body) if path == INSTANCES else _value(body, path)
        lacking = kind is DocumentKind.DESCRIBE or (kind is DocumentKind.CREATE and requested)
        if value is not _UNSAID and (value is not None or lacking):
            found[path] = value
    return found


def _instances(body: Mapping[str, Any]) -> Any:
    """ResourceConfig.InstanceCount; for a heterogeneous cluster, where that is absent or 0, the sum of its groups' counts."""
    groups = _value(body, (*GROUPS, "InstanceCount"))
    if not isinstance(groups, list) or not groups or not all(isinstance(one, int) for one in groups):
        return _value(body, INSTANCES)
    return sum(groups)


def _value(found: Any, path: tuple[str, ...]) -> Any:
    """The value at a path; where the path leads through a list, the values of all its elements that have one."""
    for number, name in enumerate(path):
        if isinstance(found, list | tuple):
            inner = [_value(one, path[number:]) for one in found[:VALUES_MAX]]
            return _UNSAID if _UNSAID in inner else [one for one in inner if one is not None]
        found = found.get(name) if isinstance(found, Mapping) else None
        if found is None:
            return None
    return _plain(found)


def _plain(found: Any) -> Any:
    """A value that an expression can compare or count: in a list or an object, parts that are no plain values become None."""
    match found:
        case str():
            return _UNSAID if found == HIDDEN else found[:TEXT_MAX]
        case bool() | int() | float():
            return found
        case list() | tuple():
            inner = [_plain(one) if isinstance(one, str | int | float) else None for one in found[:VALUES_MAX]]
            return _UNSAID if _UNSAID in inner else inner
        case Mapping():
            return dict.fromkeys(list(found)[:VALUES_MAX])
        case _:
            return ()  # such as a time: an expression can only see that it is present
