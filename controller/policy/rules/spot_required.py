"""``spot-required``: training runs on spot, unless it is too short to be worth it."""

from __future__ import annotations

from dataclasses import dataclass

from controller.jobs.job import Job
from controller.policy.findings import Fix
from controller.policy.rules.kind import Evidence, RuleKind, Violation, runtime_of
from controller.units.duration import span

CAPPED_S = 3600  # SageMaker lets an algorithm that cannot checkpoint wait no longer, and it must wait as long as it may run


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    runtime_over_s: int = 3600  # jobs that may run so long, or longer; on-demand is fine for the others


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    """An algorithm that SageMaker would refuse to run that long on spot breaks nothing: its owner has no other choice."""
    runtime_s = runtime_of(job)
    capped = job.algorithm.checkpoints is False
    if job.spot or runtime_s < options.runtime_over_s or (capped and runtime_s > CAPPED_S):
        return None
    wait_s = runtime_s if capped else 2 * runtime_s
    return Violation(
        field="EnableManagedSpotTraining",
        found="false",
        wanted=f"true, because the job may run {span(runtime_s)}",
        fix=Fix(
            request={
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": runtime_s, "MaxWaitTimeInSeconds": wait_s},
            },
            sdk={"use_spot_instances": True, "max_run": runtime_s, "max_wait": wait_s},
        ),
    )


SPOT_REQUIRED = RuleKind(
    id="spot-required", needs=frozenset({"spot", "runtime_s_max", "algorithm"}), options=Options, judge=judge
)
