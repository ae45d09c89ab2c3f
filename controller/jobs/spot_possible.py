"""Whether a training job can run on managed spot, and what SageMaker refuses in a spot request. No other module decides this.

Sources: botocore's shapes (ResourceConfig, StoppingCondition), the SageMaker guide (model-managed-spot-training,
train-warm-pools) and the Terraform provider's ``sagemaker_training_job``. Whether heterogeneous clusters and training plans run
on spot is not documented, so no rule requires spot of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from controller.jobs.job import Job
from controller.jobs.unknown_fields import Unsaid, guarded, need, says
from controller.units.duration import said
from controller.units.value import dataclass

DAY_S = 86_400  # SageMaker's default of MaxRuntimeInSeconds
RUNTIME_S_MAX = 28 * DAY_S
CAPPED_S = 3600  # the longest MaxWaitTimeInSeconds, and so MaxRuntimeInSeconds, of an algorithm that cannot checkpoint

KEEPS_WARM = "it keeps a warm pool (ResourceConfig.KeepAlivePeriodInSeconds)"
EXCLUDING: Mapping[str, str] = {
    "ServerlessJobConfig": "it is serverless (ServerlessJobConfig)",
    "ResourceConfig.KeepAlivePeriodInSeconds": KEEPS_WARM,
    "ResourceConfig.InstancePreferences": "it lets SageMaker choose the instance type (ResourceConfig.InstancePreferences)",
    "ResourceConfig.TrainingPlanArn": "it uses reserved capacity (ResourceConfig.TrainingPlanArn)",
    "ResourceConfig.InstancePlacementConfig": "it requests placement in an UltraServer (ResourceConfig.InstancePlacementConfig)",
    "ResourceConfig.InstanceGroups": "it runs on a heterogeneous cluster (ResourceConfig.InstanceGroups)",
}  # member of a request → why a request with it cannot run on spot

GROUPS, WARM_FOR = "ResourceConfig.InstanceGroups", "KeepAlivePeriodInSeconds"
REFUSED_ON_SPOT = frozenset(EXCLUDING) - {GROUPS, "ResourceConfig.InstancePlacementConfig"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A member that SageMaker would refuse: its name, its value, what is wanted, and the value that was probably meant."""

    field: str
    found: str
    wanted: str
    meant: str | int | float | bool | None = None


def members_excluding_spot(request: Mapping[str, Any]) -> tuple[str, ...]:
    """The members in a CreateTrainingJob request, or in a description, that exclude spot (keys of ``EXCLUDING``)."""
    resources = request.get("ResourceConfig")
    resources = resources if isinstance(resources, Mapping) else {}
    values = {
        member: (resources if member.startswith("ResourceConfig.") else request).get(member.rpartition(".")[2])
        for member in EXCLUDING
    }
    return tuple(member for member, value in values.items() if value)


def runtime_of(job: Job) -> int:
    """The job's MaxRuntimeInSeconds, or SageMaker's default."""
    return job.runtime_s_max or DAY_S


def why_not_spot(job: Job) -> str | None:
    """Why SageMaker would not run a job on spot, in words; None if it would.

    Raises Unsaid if that depends on an unknown field of a guarded job (``controller.jobs.unknown_fields``).
    """
    if says(job, "excludes_spot") and job.excludes_spot:
        return EXCLUDING[job.excludes_spot[0]]
    fits = says(job, "runtime_s_max") and runtime_of(job) <= CAPPED_S  # with any algorithm
    if not fits and says(job, "runtime_s_max", "algorithm") and job.algorithm.checkpoints is False:
        return (
            f"its algorithm cannot checkpoint and may run {said(runtime_of(job))}; for such a job SageMaker limits"
            f" MaxWaitTimeInSeconds on spot to {said(CAPPED_S)}, which includes the training"
        )
    need(job, "excludes_spot", *(() if fits else ("runtime_s_max", "algorithm")))
    return None


def refused_beside_groups(job: Job, change: Mapping[str, Any]) -> str:
    """The members, in words, that SageMaker refuses beside InstanceGroups in a job with a change; empty if there are none."""
    resources, had = change.get("ResourceConfig") or {}, bool(job.groups) or GROUPS in job.excludes_spot
    if not resources.get("InstanceGroups", had):
        return ""
    own = {} if had else {"InstanceType": job.instance_type, "InstanceCount": job.instance_count}
    refused = [name for name in ("InstanceType", "InstanceCount", WARM_FOR) if {**own, **resources}.get(name)]
    return f"{' and '.join(refused)}, which SageMaker refuses beside InstanceGroups" if refused else ""


def refusals(job: Job) -> Iterable[Refusal]:
    """What SageMaker would refuse in a job's time limits and spot flag, as far as its fields are known."""
    return (refusal for refusal, _ in _asked(job) if refusal is not None)


def may_be_refused(job: Job) -> frozenset[str]:
    """The unknown fields on which it depends whether SageMaker would refuse the job's time limits and spot flag."""
    return frozenset(open_ for _, open_ in _asked(job) if open_)


def _asked(job: Job) -> Iterable[tuple[Refusal | None, str]]:
    """For each constraint: the refusal if the job breaks it, and the unknown field that it needs, empty if it needs none."""
    known = guarded(job, job.unknown)
    for rule in _REFUSALS:
        try:
            yield rule(known), ""
        except Unsaid as open_:
            yield None, str(open_)


def _too_long(job: Job) -> Refusal | None:
    if job.runtime_s_max is None or job.runtime_s_max <= RUNTIME_S_MAX:
        return None
    return Refusal(
        field="StoppingCondition.MaxRuntimeInSeconds", found=said(job.runtime_s_max), wanted=f"at most {said(RUNTIME_S_MAX)}"
    )


def _waits_on_demand(job: Job) -> Refusal | None:
    if job.wait_s_max is None or job.spot:
        return None
    return Refusal(
        field="StoppingCondition.MaxWaitTimeInSeconds", found=said(job.wait_s_max),
        wanted="none, or EnableManagedSpotTraining: true: SageMaker accepts it for spot jobs only",
    )  # fmt: skip


def _excluded(job: Job) -> Refusal | None:
    if says(job, "spot") and not job.spot:
        return None
    member = next((m for m in job.excludes_spot if m in REFUSED_ON_SPOT), None)
    if member is None or not job.spot:
        return None
    return Refusal(field="EnableManagedSpotTraining", found="true", wanted=f"false, because {EXCLUDING[member]}")


def _no_wait(job: Job) -> Refusal | None:
    if (says(job, "spot") and not job.spot) or (says(job, "wait_s_max") and job.wait_s_max is not None):
        return None
    if not job.spot or job.excludes_spot or job.wait_s_max is not None:
        return None
    return Refusal(
        field="StoppingCondition.MaxWaitTimeInSeconds", found="not set",
        wanted=f"at least MaxRuntimeInSeconds, which is {said(runtime_of(job))}: SageMaker requires it for a spot job",
    )  # fmt: skip


def _short_wait(job: Job) -> Refusal | None:
    if (says(job, "spot") and not job.spot) or job.wait_s_max is None or job.wait_s_max >= runtime_of(job) or not job.spot:
        return None
    return Refusal(
        field="StoppingCondition.MaxWaitTimeInSeconds", found=said(job.wait_s_max),
        wanted=f"at least MaxRuntimeInSeconds, which is {said(runtime_of(job))}",
    )  # fmt: skip


def _capped(job: Job) -> Refusal | None:
    if (says(job, "spot") and not job.spot) or (says(job, "algorithm") and job.algorithm.checkpoints is not False):
        return None
    waits, runs = job.wait_s_max or 0, runtime_of(job)
    if max(waits, runs) <= CAPPED_S or not job.spot or job.algorithm.checkpoints is not False or job.excludes_spot:
        return None
    field = "MaxWaitTimeInSeconds" if waits > CAPPED_S else "MaxRuntimeInSeconds"
    return Refusal(
        field=f"StoppingCondition.{field}", found=said(max(waits, runs)),
        wanted=f"at most {said(CAPPED_S)} on spot: {job.algorithm.why}",
    )  # fmt: skip


_REFUSALS = (_too_long, _waits_on_demand, _excluded, _no_wait, _short_wait, _capped)
