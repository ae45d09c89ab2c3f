"""A kind of rule: an id, the fields that it needs, and a function from a job to what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.claim import Claim
from controller.jobs.job import Job
from controller.policy.findings import NO_DEMAND, Demand
from controller.policy.spot_worth import SpotWorth
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What a rule found: the field, the value seen, the value wanted, and what a request must be like to keep the rule."""

    field: str
    found: str
    wanted: str
    demand: Demand = NO_DEMAND  # the empty one: no change of the request keeps the rule
    risk: str = ""  # the consequence, as a sentence
    actionable: bool = True  # False: the finding is told, and never stops or repairs the job


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known beside the job itself; None where nobody looked, and then no rule that needs it fires."""

    claims: tuple[Claim, ...] | None = None
    checkpoint_scan: CheckpointScan | None = None
    spot_worth: SpotWorth | None = None

    @property
    def missing(self) -> frozenset[str]:
        return frozenset(name for name in _EVIDENCE if getattr(self, name) is None)


_EVIDENCE = tuple(one.name for one in fields(Evidence))


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleKind:
    """``options`` builds the kind's own options from the compiled ones; ``needs`` are fields of ``Job`` and of ``Evidence``.

    Where a document does not say one of them, and ``judge`` reads it, the rule is undecided.
    """

    id: str
    needs: frozenset[str]
    options: Callable[..., Any]
    judge: Callable[[Job, Any, Evidence], Violation | None]
