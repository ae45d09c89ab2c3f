"""A kind of rule: an id, its options, the fields that it needs, and a function that judges a job."""

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
    """What is wrong with a job: the member of its request, the value found, the value wanted, and the demand on the request."""

    field: str
    found: str
    wanted: str
    demand: Demand = NO_DEMAND  # NO_DEMAND: no change of the request can satisfy the rule
    risk: str = ""  # the consequence, as a sentence
    actionable: bool = True  # False: people are notified, and the job is never stopped or repaired for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known about a job beside its document; None: nobody looked, and a rule that needs it is undecided."""

    claims: tuple[Claim, ...] | None = None
    checkpoint_scan: CheckpointScan | None = None
    spot_worth: SpotWorth | None = None

    @property
    def missing(self) -> frozenset[str]:
        """The names of the fields that are None."""
        return frozenset(name for name in _EVIDENCE if getattr(self, name) is None)


_EVIDENCE = tuple(one.name for one in fields(Evidence))


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleKind:
    """``options`` builds the options of this kind from the compiled ones. ``needs`` names fields of ``Job`` and ``Evidence``.

    If one of them is unknown and ``judge`` reads it, ``Unsaid`` is raised and the rule is undecided.
    """

    id: str
    needs: frozenset[str]
    options: Callable[..., Any]
    judge: Callable[[Job, Any, Evidence], Violation | None]
