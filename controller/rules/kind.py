"""What a kind of rule is: an id, the fields it needs, and a function from a job to what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from controller.checkpoint import Claim
from controller.finding import Fix
from controller.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a rule found: the field, the value seen, the value wanted, and the change that mends it."""

    field: str
    found: str
    wanted: str
    fix: Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """``options`` builds the kind's own options from the compiled ones; ``needs`` are fields of ``Job`` (and "claims")."""

    id: str
    needs: frozenset[str]
    options: Callable[..., Any]
    judge: Callable[[Job, Any, tuple[Claim, ...]], Fault | None]
