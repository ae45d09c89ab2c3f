"""``spot-required``: training runs on spot, unless it is too short to be worth it."""

from __future__ import annotations

from dataclasses import dataclass

from controller.checkpoint import Claim
from controller.finding import Fix
from controller.job import Job
from controller.rules.kind import Fault, Kind

DAY_S = 86_400  # SageMaker's own MaxRuntimeInSeconds, where a job gives none


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    runtime_over_s: int = 3600  # on-demand is fine for jobs that may run less


def judge(job: Job, options: Options, claims: tuple[Claim, ...]) -> Fault | None:
    runtime_s = job.runtime_s_max or DAY_S
    if job.spot or runtime_s < options.runtime_over_s:
        return None
    return Fault(
        field="EnableManagedSpotTraining",
        found="false",
        wanted=f"true, as the job may run {runtime_s} s",
        fix=Fix(
            request={
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": runtime_s, "MaxWaitTimeInSeconds": 2 * runtime_s},
            },
            sdk={"use_spot_instances": True, "max_run": runtime_s, "max_wait": 2 * runtime_s},
        ),
    )


SPOT_REQUIRED = Kind(id="spot-required", needs=frozenset({"spot", "runtime_s_max"}), options=Options, judge=judge)
