"""Rings the controller when a training job changes."""

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
    """Reconcile the job that an event names; its other fields are hints, and nobody reads them."""
    ring = trigger_of(event.to_dict())
    logger.append_keys(job=ring.job)
    lineage = reconcile(ring, wiring.ports())
    return {"Rings": 1, "job": ring.job, "lineage": str(lineage) if lineage else "no such job"}
