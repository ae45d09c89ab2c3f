"""Takes numbers and times out of an answer that no job can have: one such value must not keep the job from being looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.aws.sagemaker.members import FIRST_YEAR, LAST_YEAR

KEPT = frozenset({"CreationTime"})  # a job without it is none that can be told apart from another of its name


def without_impossible_values(described: Mapping[str, Any]) -> Mapping[str, Any]:
    """A description without whole numbers below zero and times outside the years 1970 to 2200, at any depth: as if they were not
    said. It is the mapping itself where there is none.
    """
    found: Mapping[str, Any] = _possible(described)
    return found


def _possible(value: Any) -> Any:
    match value:
        case dict():
            changed = {name: _possible(inner) for name, inner in value.items() if name in KEPT or not _impossible(inner)}
            same = len(changed) == len(value) and all(changed[name] is inner for name, inner in value.items())
            return value if same else changed
        case list():
            items = [_possible(inner) for inner in value]
            return value if all(new is old for new, old in zip(items, value, strict=True)) else items
        case _:
            return value


def _impossible(value: Any) -> bool:
    if isinstance(value, datetime):
        return not FIRST_YEAR <= value.year <= LAST_YEAR
    return type(value) is int and value < 0
