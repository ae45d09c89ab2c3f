"""``max-wait-limit``: MaxWaitTimeInSeconds of a spot job is at most a limit, and a multiple of its MaxRuntimeInSeconds."""

from __future__ import annotations

from controller.jobs.job import Job
from controller.jobs.spot_possible import runtime_of
from controller.jobs.unknown_fields import need, says
from controller.policy.bounds import Factor, Seconds
from controller.policy.findings import Demand
from controller.policy.rules.kind import Evidence, RuleKind, Violation
from controller.units.duration import said
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    at_most_s: Seconds | None = None  # the limit in seconds; None: no such limit
    times_runtime: Factor | None = None  # the limit as a multiple of MaxRuntimeInSeconds


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    on_demand, waits_not = says(job, "spot") and not job.spot, says(job, "wait_s_max") and job.wait_s_max is None
    if on_demand or waits_not:
        return None
    need(job, "wait_s_max")
    wait_s, limits = job.wait_s_max or 0, []
    if options.at_most_s is not None:
        limits.append((options.at_most_s, f"at most {said(options.at_most_s)}"))
    if options.times_runtime is not None and (says(job, "runtime_s_max") or all(wait_s <= limit for limit, _ in limits)):
        runtime_s = runtime_of(job)
        most_s = int(options.times_runtime * runtime_s)
        limits.append((most_s, f"at most {said(most_s)}: {options.times_runtime:g} × MaxRuntimeInSeconds ({runtime_s})"))
    if not limits:
        return None
    limit_s, wanted = min(limits)
    if wait_s <= limit_s:
        return None
    need(job, "spot")
    return Violation(
        field="StoppingCondition.MaxWaitTimeInSeconds",
        found=said(wait_s),
        wanted=wanted,
        demand=Demand(wait_s_most=limit_s),
    )


MAX_WAIT_LIMIT = RuleKind(
    id="max-wait-limit", needs=frozenset({"spot", "wait_s_max", "runtime_s_max"}), options=Options, judge=judge
)
