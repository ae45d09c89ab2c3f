"""What a kind of rule is: an id, the fields it needs, and a function from a job to what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.claim import Claim
from controller.jobs.job import Job
from controller.policy.findings import Fix
from controller.units.duration import span

DAY_S = 86_400  # SageMaker's own MaxRuntimeInSeconds, where a job gives none


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What a rule found: the field, the value seen, the value wanted, and the change that repairs it."""

    field: str
    found: str
    wanted: str
    fix: Fix
    risk: str = ""  # what happens otherwise, as a sentence
    actionable: bool = True  # False: the finding is told, and never stops or repairs the job


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known beside the job itself; None where nobody looked, and then no rule that needs it fires."""

    claims: tuple[Claim, ...] | None = None
    checkpoint_scan: CheckpointScan | None = None

    @property
    def missing(self) -> frozenset[str]:
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleKind:
    """``options`` builds the kind's own options from the compiled ones; ``needs`` are fields of ``Job`` and of ``Evidence``."""

    id: str
    needs: frozenset[str]
    options: Callable[..., Any]
    judge: Callable[[Job, Any, Evidence], Violation | None]


def runtime_of(job: Job) -> int:
    """How long a job may run."""
    return job.runtime_s_max or DAY_S


def shown_s(seconds: int) -> str:
    """A limit as SageMaker takes it, and as people read it: 86400 (24 h)."""
    return f"{seconds} ({span(seconds)})"


def waiting(job: Job, *, runtime_s: int, wait_s: int) -> Fix:
    """Set both limits at once: SageMaker refuses a MaxWaitTimeInSeconds below MaxRuntimeInSeconds, and any without spot."""
    if not job.spot:
        return Fix(request={"StoppingCondition": {"MaxRuntimeInSeconds": runtime_s}}, sdk={"max_run": runtime_s})
    return Fix(
        request={"StoppingCondition": {"MaxRuntimeInSeconds": runtime_s, "MaxWaitTimeInSeconds": wait_s}},
        sdk={"max_run": runtime_s, "max_wait": wait_s},
    )
