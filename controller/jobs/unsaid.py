"""Reads a value of which some fields are not known: who reads one of them is told so, and does not go by a placeholder."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any


class Unsaid(Exception):
    """A field was read that nobody said; the message is its name."""


class _Guarded:
    def __init__(self, whole: Any, unsaid: AbstractSet[str]) -> None:
        self._whole, self._unsaid = whole, unsaid

    def __getattr__(self, name: str) -> Any:
        if name in self._unsaid:
            raise Unsaid(name)
        return getattr(self._whole, name)


def guarded(whole: Any, unsaid: AbstractSet[str]) -> Any:
    """The same value, where reading one of these fields raises Unsaid."""
    return _Guarded(whole, unsaid) if unsaid else whole
