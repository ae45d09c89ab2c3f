"""``uncheckpointed-cap``: the times of a spot job that cannot checkpoint are limited, because it starts over when interrupted."""

from __future__ import annotations

from controller.jobs.job import Job
from controller.jobs.spot_possible import runtime_of
from controller.jobs.unknown_fields import need, says
from controller.policy.bounds import Seconds
from controller.policy.findings import Demand
from controller.policy.rules.kind import Evidence, RuleKind, Violation
from controller.units.duration import said
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    at_most_s: Seconds = 3600  # SageMaker's own limit for its algorithms that do not checkpoint
    without_config: bool = False  # whether to judge also jobs without a CheckpointConfig whose algorithm could checkpoint


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    if (says(job, "spot") and not job.spot) or _surely_kept(job, options):
        return None
    runs_over = says(job, "runtime_s_max") and runtime_of(job) > options.at_most_s
    saves_not = options.without_config and says(job, "checkpoint_uri") and job.checkpoint_uri is None
    need(job, "spot", *(() if saves_not else ("algorithm",)), *(() if runs_over else ("wait_s_max",)))
    why = _uncheckpointed(job, options)
    if why is None:
        return None
    wait_s = job.wait_s_max if says(job, "wait_s_max") else None
    waits = wait_s is not None and wait_s > options.at_most_s
    found = wait_s if waits and wait_s else runtime_of(job)
    if found <= options.at_most_s:
        return None
    field = "MaxWaitTimeInSeconds" if waits else "MaxRuntimeInSeconds"
    return Violation(
        field=f"StoppingCondition.{field}",
        found=said(found) if waits or job.runtime_s_max else f"not set, so {said(found)}",
        wanted=f"at most {said(options.at_most_s)}: {why}",
        demand=_demand(job, options),
    )


def _surely_kept(job: Job, options: Options) -> bool:
    """Whether the known fields alone show that the job keeps the rule: it writes checkpoints, or it is short enough."""
    saves = says(job, "algorithm") and job.algorithm.checkpoints is not False
    saves = saves and (not options.without_config or (says(job, "checkpoint_uri") and job.checkpoint_uri is not None))
    if saves or not says(job, "runtime_s_max", "wait_s_max"):
        return saves
    return max(runtime_of(job), job.wait_s_max or 0) <= options.at_most_s


def _demand(job: Job, options: Options) -> Demand:
    """A CheckpointConfig for a job that can checkpoint; a lower limit for any other."""
    if says(job, "algorithm") and job.algorithm.checkpoints is False:
        return Demand(wait_s_most=options.at_most_s)  # limits MaxRuntimeInSeconds too, which may not be larger
    return Demand(checkpoint=True)


def _uncheckpointed(job: Job, options: Options) -> str | None:
    if says(job, "algorithm") and job.algorithm.checkpoints is False:
        return job.algorithm.why
    if options.without_config and job.checkpoint_uri is None:
        return "the job has no CheckpointConfig"
    return None


UNCHECKPOINTED_CAP = RuleKind(
    id="uncheckpointed-cap",
    needs=frozenset({"spot", "runtime_s_max", "wait_s_max", "algorithm", "checkpoint_uri"}),
    options=Options,
    judge=judge,
)
