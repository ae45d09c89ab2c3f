"""Triggers the controller when a training job changes."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from controller import wiring
from controller.runtime.judge_tuning import judge_tuning
from controller.runtime.read_events import trigger_of, tuning_job_in
from controller.runtime.reconcile import reconcile
from handlers.observed import log_decider_problems, log_unaccounted_members, logger, observed
from handlers.warm import warm_jobs

jobs = Blueprint(__name__)
warm_jobs(__name__)


@observed
@jobs.on_cw_event(
    {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Training Job State Change", "SageMaker HyperParameter Tuning Job State Change"],
    }
)
def job_changed(event: Any) -> dict[str, Any]:
    """Reconcile the job that the event names, or judge the tuning job. No other field of the event is used."""
    tuner = tuning_job_in(event.to_dict())
    if tuner is not None:
        logger.append_keys(job=tuner)
        return {"Rings": 1, "TuningFindings": judge_tuning(tuner, wiring.ports()), "job": tuner}
    trigger = trigger_of(event.to_dict())
    logger.append_keys(job=trigger.job)
    found = reconcile(trigger, wiring.ports())
    log_decider_problems((trigger.job, problem) for problem in found.problems)
    log_unaccounted_members([(trigger.job, found.unaccounted)] if found.unaccounted else ())
    return {
        "Rings": 1, "DecidersFailed": len(found.problems), "JobsNotUnderstood": int(bool(found.unaccounted)), "job": trigger.job,
        "lineage": str(found.lineage) if found.lineage else "no such job",
    }  # fmt: skip
