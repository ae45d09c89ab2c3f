"""Under which policy something was written down: what every entry and every message has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from typing import TypeVar

from controller.units.value import dataclass

U = TypeVar("U", bound="UnderPolicy")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderPolicy:
    """The policy revision and the mode that were in force; empty in rows from before they were written down.

    The mode is that of the rule where it is about a rule, and otherwise that of the ``resubmit`` block that selects the job:
    ``audit`` where none does. Neither makes two entries different: who learns the same later, under another policy, adds nothing.
    """

    revision: str = field(default="", compare=False)
    mode: str = field(default="", compare=False)


UNDER_POLICY = frozenset({"revision", "mode"})


def under(values: Iterable[U], revision: str, mode: str) -> tuple[U, ...]:
    """The values under a policy; what says one of its own keeps it."""
    return tuple(replace(value, revision=value.revision or revision, mode=value.mode or mode) for value in values)
