"""``checkpoint-required``: a spot job that may run longer than a threshold has a CheckpointConfig, below an allowed prefix."""

from __future__ import annotations

from typing import Annotated

from controller.jobs.checkpoint import within
from controller.jobs.job import Job
from controller.jobs.spot_possible import runtime_of
from controller.jobs.unknown_fields import need, says
from controller.policy.bounds import PREFIX, SecondsOrZero
from controller.policy.findings import Demand
from controller.policy.rules.kind import Evidence, RuleKind, Violation
from controller.units.duration import span
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    runtime_over_s: SecondsOrZero = 900  # a job with at most this MaxRuntimeInSeconds may start over
    under: tuple[Annotated[str, PREFIX], ...] = ()  # empty: any prefix
    only_capable: bool = True  # the rule uncheckpointed-cap judges algorithms that cannot checkpoint


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    if (says(job, "spot") and not job.spot) or (says(job, "checkpoint_uri") and _kept(job, options)):
        return None
    if says(job, "runtime_s_max") and runtime_of(job) <= options.runtime_over_s:
        return None
    if options.only_capable and says(job, "algorithm") and job.algorithm.checkpoints is False:
        return None
    needed = (*(("runtime_s_max",) if options.runtime_over_s else ()), *(("algorithm",) if options.only_capable else ()))
    need(job, "spot", "checkpoint_uri", *needed)  # runtime_s_max is not needed for a threshold of 0: each job runs longer
    lost = f"up to {span(runtime_of(job))} of training" if says(job, "runtime_s_max") else "all training so far"
    loss = "" if job.checkpoint_uri is not None else f": without checkpoints, an interruption loses {lost}"
    return Violation(
        field="CheckpointConfig.S3Uri",
        found=job.checkpoint_uri or "not set",
        wanted=f"an S3 prefix{_below(options)}{loss}",
        demand=Demand(checkpoint=True, checkpoint_under=options.under),
    )


def _kept(job: Job, options: Options) -> bool:
    uri = job.checkpoint_uri
    return uri is not None and (not options.under or any(within(uri, prefix) for prefix in options.under))


def _below(options: Options) -> str:
    return f" under {' or '.join(options.under)}" if options.under else ""


CHECKPOINT_REQUIRED = RuleKind(
    id="checkpoint-required",
    needs=frozenset({"spot", "runtime_s_max", "checkpoint_uri", "algorithm"}),
    options=Options,
    judge=judge,
)
