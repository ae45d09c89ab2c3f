"""An event contributes a job's name only. An invalid event is refused with what was found and wanted."""

from __future__ import annotations

from typing import Any

import pytest

from controller.ledger.pool import MarketSignalKind
from controller.runtime.ports import Trigger
from controller.runtime.triggers import BadEvent, market_warning_of, trigger_of


def job_event(**changed: Any) -> dict[str, Any]:
    return {"id": "e1", "source": "aws.sagemaker", "detail": {"TrainingJobName": "bert", "TrainingJobStatus": "Failed"}} | changed


def spot_event(**changed: Any) -> dict[str, Any]:
    return {
        "id": "e2",
        "source": "aws.ec2",
        "detail-type": "EC2 Spot Instance Interruption Warning",
        "time": "2026-11-20T09:00:00Z",
        "region": "us-east-1",
        "detail": {"instance-id": "i-1", "instance-action": "terminate"},
    } | changed


def test_only_the_job_s_name_is_read_from_a_job_event() -> None:
    assert trigger_of(job_event()) == Trigger(job="bert")


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (job_event(source="acme.cron"), "source is 'acme.cron', wanted 'aws.sagemaker' (event e1)"),
        (job_event(detail={}), "detail.TrainingJobName is None, wanted a name (event e1)"),
        (job_event(detail={"TrainingJobName": ""}), "detail.TrainingJobName is '', wanted a name (event e1)"),
        (job_event(detail={"TrainingJobName": 7}), "detail.TrainingJobName is 7, wanted a name (event e1)"),
        (job_event(detail=None), "detail is NoneType, wanted an object (event e1)"),
        ({}, "source is None, wanted 'aws.sagemaker' (event without id)"),
    ],
)
def test_an_invalid_job_event_is_refused(event: dict[str, Any], told: str) -> None:
    with pytest.raises(BadEvent) as refused:
        trigger_of(event)
    assert str(refused.value) == told


def test_a_spot_warning_names_its_kind_instance_region_and_time() -> None:
    kind, instance, region, at = market_warning_of(spot_event())
    assert (kind, instance, region, at.isoformat()) == (
        MarketSignalKind.INTERRUPTION,
        "i-1",
        "us-east-1",
        "2026-11-20T09:00:00+00:00",
    )


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (spot_event(detail={}), "detail.instance-id is None, wanted a name (event e2)"),
        (spot_event(time="noon"), "time is 'noon', wanted an ISO 8601 time (event e2)"),
        (spot_event(source="aws.sagemaker"), "source is 'aws.sagemaker', wanted 'aws.ec2' (event e2)"),
    ],
)
def test_an_invalid_spot_warning_is_refused(event: dict[str, Any], told: str) -> None:
    with pytest.raises(BadEvent) as refused:
        market_warning_of(event)
    assert str(refused.value) == told
