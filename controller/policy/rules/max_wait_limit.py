"""``max-wait-limit``: a spot job waits no longer than a limit, or than a multiple of its runtime."""

from __future__ import annotations

from controller.jobs.job import Job
from controller.jobs.spot_possible import runtime_of
from controller.policy.bounds import Factor, Seconds
from controller.policy.findings import Demand
from controller.policy.rules.kind import Evidence, RuleKind, Violation
from controller.units.duration import said
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    at_most_s: Seconds | None = None
    times_runtime: Factor | None = None


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    if not job.spot or job.wait_s_max is None:
        return None
    limits = []
    if options.at_most_s is not None:
        limits.append((options.at_most_s, f"at most {said(options.at_most_s)}"))
    if options.times_runtime is not None:
        runtime_s = runtime_of(job)
        most_s = int(options.times_runtime * runtime_s)
        limits.append((most_s, f"at most {said(most_s)}: {options.times_runtime:g} × MaxRuntimeInSeconds ({runtime_s})"))
    if not limits:
        return None
    limit_s, wanted = min(limits)
    if job.wait_s_max <= limit_s:
        return None
    return Violation(
        field="StoppingCondition.MaxWaitTimeInSeconds",
        found=said(job.wait_s_max),
        wanted=wanted,
        demand=Demand(wait_s_most=limit_s),
    )


MAX_WAIT_LIMIT = RuleKind(
    id="max-wait-limit", needs=frozenset({"spot", "wait_s_max", "runtime_s_max"}), options=Options, judge=judge
)
