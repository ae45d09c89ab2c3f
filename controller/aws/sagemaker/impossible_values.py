"""Removes from an answer numbers and times that no job can have: one such value must not prevent all decisions about the job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import is_
from typing import Any

from controller.aws.sagemaker.members import FIRST_YEAR, LAST_YEAR

KEPT = frozenset({"CreationTime"})  # without it, a job cannot be told apart from another job with its name


def without_impossible_values(described: Mapping[str, Any]) -> Mapping[str, Any]:
    """A description without whole numbers below zero and times outside the years 1970 to 2200, at any depth: they count as
    absent. Returns the mapping itself where it has none.
    """
    found: Mapping[str, Any] = _possible(described)
    return found


def _possible(value: Any) -> Any:
    if isinstance(value, dict):
        changed = {
            name: inner if isinstance(inner, str) else _possible(inner)  # most values are texts: no call for each
            for name, inner in value.items()
            if isinstance(inner, str) or name in KEPT or not _impossible(inner)
        }
        return value if len(changed) == len(value) and all(map(is_, changed.values(), value.values())) else changed
    if isinstance(value, list):
        items = [_possible(inner) for inner in value]
        return value if all(map(is_, items, value)) else items
    return value


def _impossible(value: Any) -> bool:
    if isinstance(value, datetime):
        return not FIRST_YEAR <= value.year <= LAST_YEAR
    return type(value) is int and value < 0
