"""Exchanges one function for another for a while: how the harness listens in, and how a mutant breaks the path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Change = tuple[object, str, Callable[[Any], Any]]
"""An owner, the name of one of its attributes, and what makes the new attribute of the old one."""


@contextmanager
def changed(*changes: Change) -> Iterator[None]:
    """Change some attributes for a while."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    for (owner, name, make), (_, _, whole) in zip(changes, before, strict=True):
        setattr(owner, name, make(whole))
    try:
        yield
    finally:
        for owner, name, whole in before:
            setattr(owner, name, whole)
