"""``instance-allowed``: jobs use only the instance types that the platform team allows."""

from __future__ import annotations

from fnmatch import fnmatchcase

from controller.jobs.job import Job
from controller.policy.findings import Demand
from controller.policy.rules.kind import Evidence, RuleKind, Violation
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    instance_types: tuple[str, ...]  # globs: ml.g5.*


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    if any(fnmatchcase(job.instance_type, pattern) for pattern in options.instance_types):
        return None
    return Violation(
        field="ResourceConfig.InstanceType",
        found=job.instance_type,
        wanted=f"one of {', '.join(options.instance_types)}",
        demand=Demand(instance_types=options.instance_types),
    )


INSTANCE_ALLOWED = RuleKind(id="instance-allowed", needs=frozenset({"instance_type"}), options=Options, judge=judge)
