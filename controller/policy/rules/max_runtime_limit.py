"""``max-runtime-limit``: MaxRuntimeInSeconds of every job is at most a limit."""

from __future__ import annotations

from controller.jobs.job import Job
from controller.jobs.spot_possible import runtime_of
from controller.policy.bounds import Seconds
from controller.policy.findings import Demand
from controller.policy.rules.kind import Evidence, RuleKind, Violation
from controller.units.duration import said
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    at_most_s: Seconds  # the limit for MaxRuntimeInSeconds


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    runtime_s = runtime_of(job)
    if runtime_s <= options.at_most_s:
        return None
    return Violation(
        field="StoppingCondition.MaxRuntimeInSeconds",
        found=said(runtime_s) if job.runtime_s_max else f"not set, so {said(runtime_s)}",
        wanted=f"at most {said(options.at_most_s)}",
        demand=Demand(runtime_s_most=options.at_most_s),
    )


MAX_RUNTIME_LIMIT = RuleKind(id="max-runtime-limit", needs=frozenset({"runtime_s_max"}), options=Options, judge=judge)
