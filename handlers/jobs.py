"""Triggers the controller when a training job changes."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from controller import wiring
from controller.runtime.reconcile import reconcile
from controller.runtime.triggers import trigger_of
from handlers.observed import logger, observed

jobs = Blueprint(__name__)


@observed
@jobs.on_cw_event({"source": ["aws.sagemaker"], "detail-type": ["SageMaker Training Job State Change"]})
def job_changed(event: Any) -> dict[str, Any]:
    """Reconcile the job that the event names. No other field of the event is used."""
    trigger = trigger_of(event.to_dict())
    logger.append_keys(job=trigger.job)
    lineage = reconcile(trigger, wiring.ports())
    return {"Rings": 1, "job": trigger.job, "lineage": str(lineage) if lineage else "no such job"}
