"""Replaces functions temporarily. The harness adds checks with it, and mutants change the code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Replacement = tuple[object, str, Callable[[Any], Any]]
"""An owner, the name of one of its attributes, and a function from the old attribute to the new one."""


@contextmanager
def replaced(*changes: Replacement) -> Iterator[None]:
    """Replace some attributes within a context."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    for (owner, name, make), (_, _, original) in zip(changes, before, strict=True):
        setattr(owner, name, make(original))
    try:
        yield
    finally:
        for owner, name, original in before:
            setattr(owner, name, original)
