"""Wraps a value with unknown fields, so that reading one of them raises an exception instead of returning a placeholder."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any


class Unsaid(Exception):
    """An unknown field was read; the message is the field's name."""


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
    """The value, wrapped so that reading one of the fields ``unsaid`` raises Unsaid."""
    return _Guarded(whole, unsaid) if unsaid else whole


def says(whole: Any, *fields: str) -> bool:
    """Whether all of these fields of a value are known, so that reading them does not raise Unsaid."""
    return not (isinstance(whole, _Guarded) and whole.lacks(*fields))


def need(whole: Any, *fields: str) -> None:
    """Raise Unsaid if one of these fields is unknown."""
    for field in fields:
        getattr(whole, field)
