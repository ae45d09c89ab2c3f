"""Reads a value with unknown fields: reading one of them raises an exception instead of returning a placeholder."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any


class Unsaid(Exception):
    """An unknown field was read; the message is its name."""


class _Guarded:
    def __init__(self, whole: Any, unsaid: AbstractSet[str]) -> None:
        self._whole, self._unsaid = whole, unsaid

    def lacks(self, *fields: str) -> bool:
        return not self._unsaid.isdisjoint(fields)

    def __getattr__(self, name: str) -> Any:
        if name in self._unsaid:
            raise Unsaid(name)
        return getattr(self._whole, name)


def guarded(whole: Any, unsaid: AbstractSet[str]) -> Any:
    """The same value; reading one of these fields raises Unsaid."""
    return _Guarded(whole, unsaid) if unsaid else whole


def says(whole: Any, *fields: str) -> bool:
    """Whether a value has all of these fields, so that reading them raises nothing."""
    return not (isinstance(whole, _Guarded) and whole.lacks(*fields))


def need(whole: Any, *fields: str) -> None:
    """Raise Unsaid where a value lacks one of these fields."""
    for field in fields:
        getattr(whole, field)
