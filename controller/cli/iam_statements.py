"""Reads statements of IAM policies, in which most members are one value or a list of them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any


def listed(found: Any) -> list[Any]:
    """The values of a member: itself where it is a list, none where it is missing."""
    return found if isinstance(found, list) else [found] if found else []


def matches(action: str, pattern: str) -> bool:
    """Whether an action is one of a pattern such as ``s3:Put*``; IAM reads both in any case."""
    return fnmatchcase(action.lower(), pattern.lower())
