"""``uncheckpointed-cap``: a spot job that cannot checkpoint is short, because each interruption starts it over."""

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
    at_most_s: Seconds = 3600  # SageMaker's own limit for its algorithms that do not checkpoint
    without_config: bool = False  # jobs that could checkpoint, and have no CheckpointConfig, count too


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    if not job.spot:
        return None
    why = _uncheckpointed(job, options)
    if why is None:
        return None
    runtime_s = runtime_of(job)
    wait_s = job.wait_s_max or runtime_s
    if max(runtime_s, wait_s) <= options.at_most_s:
        return None
    waits = wait_s > options.at_most_s
    field = "MaxWaitTimeInSeconds" if waits and job.wait_s_max else "MaxRuntimeInSeconds"
    found = wait_s if field == "MaxWaitTimeInSeconds" else runtime_s
    return Violation(
        field=f"StoppingCondition.{field}",
        found=said(found) if field == "MaxWaitTimeInSeconds" or job.runtime_s_max else f"not set, so {said(found)}",
        wanted=f"at most {said(options.at_most_s)}: {why}",
        demand=_demand(job, options),
    )


def _demand(job: Job, options: Options) -> Demand:
    """A job that could checkpoint keeps the rule as soon as it does; for any other, the limit is all there is."""
    if job.algorithm.checkpoints is False:
        return Demand(wait_s_most=options.at_most_s)  # and with it MaxRuntimeInSeconds, which it may not undercut
    return Demand(checkpoint=True)


def _uncheckpointed(job: Job, options: Options) -> str | None:
    if job.algorithm.checkpoints is False:
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
