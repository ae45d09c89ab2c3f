"""``spot-required``: a job uses managed spot training, unless its MaxRuntimeInSeconds is below a limit."""

from __future__ import annotations

from controller.jobs.job import Job
from controller.jobs.spot_possible import runtime_of, why_not_spot
from controller.jobs.unknown_fields import need, says
from controller.policy.bounds import SecondsOrZero
from controller.policy.findings import Demand
from controller.policy.rules.kind import Evidence, RuleKind, Violation
from controller.units.duration import span
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    runtime_over_s: SecondsOrZero = 3600  # jobs with at least this MaxRuntimeInSeconds; others may run on-demand


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    """A job that SageMaker would refuse on spot breaks nothing: its owner has no other choice."""
    if says(job, "spot") and job.spot:
        return None
    if says(job, "runtime_s_max") and runtime_of(job) < options.runtime_over_s:
        return None
    if why_not_spot(job) is not None:
        return None
    need(job, "spot", "runtime_s_max")  # needed for each limit: the fix computes MaxWaitTimeInSeconds from it
    return Violation(
        field="EnableManagedSpotTraining",
        found="false",
        wanted=f"true, because the job may run {span(runtime_of(job))}{_limit(options)}",
        demand=Demand(spot=True),
    )


def _limit(options: Options) -> str:
    return f" (on-demand is allowed below {span(options.runtime_over_s)})" if options.runtime_over_s else ""


SPOT_REQUIRED = RuleKind(
    id="spot-required", needs=frozenset({"spot", "runtime_s_max", "algorithm", "excludes_spot"}), options=Options, judge=judge
)
