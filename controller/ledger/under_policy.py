"""Under which policy something was recorded: fields that every entry and every Announce has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from typing import TypeVar

from controller.units.value import dataclass

U = TypeVar("U", bound="UnderPolicy")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderPolicy:
    """The policy revision and the mode that were in force; empty in rows of older versions.

    The mode is that of the rule for what is about a rule, else that of the ``resubmit`` block that selects the job, or ``audit``
    if none does. Neither is compared: the same entry under another policy is not a new one.
    """

    revision: str = field(default="", compare=False)
    mode: str = field(default="", compare=False)


UNDER_POLICY = frozenset({"revision", "mode"})


def under(values: Iterable[U], revision: str, mode: str) -> tuple[U, ...]:
    """The values with this revision and mode; a value that has its own keeps it."""
    return tuple(replace(value, revision=value.revision or revision, mode=value.mode or mode) for value in values)
