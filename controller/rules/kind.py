"""What a kind of rule is: an id, the fields it needs, and a function from a job to what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from controller.checkpoint import Claim
from controller.finding import Fix
from controller.job import Job

DAY_S = 86_400  # SageMaker's own MaxRuntimeInSeconds, where a job gives none


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


def runtime_of(job: Job) -> int:
    """How long a job may run."""
    return job.runtime_s_max or DAY_S


def waiting(job: Job, *, runtime_s: int, wait_s: int) -> Fix:
    """Set both limits at once: SageMaker refuses a MaxWaitTimeInSeconds below MaxRuntimeInSeconds, and any without spot."""
    if not job.spot:
        return Fix(request={"StoppingCondition": {"MaxRuntimeInSeconds": runtime_s}}, sdk={"max_run": runtime_s})
    return Fix(
        request={"StoppingCondition": {"MaxRuntimeInSeconds": runtime_s, "MaxWaitTimeInSeconds": wait_s}},
        sdk={"max_run": runtime_s, "max_wait": wait_s},
    )
