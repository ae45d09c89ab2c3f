"""Only a job's name is taken from an event. An invalid event is refused with what was found and wanted."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from controller.ledger.pool import MarketSignalKind
from controller.runtime.read_events import (
    BadEvent,
    Trigger,
    event_in,
    function_in,
    market_warning_of,
    not_of,
    trigger_of,
    tuning_job_in,
)


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


RECORD = {
    "version": "1.0",
    "timestamp": "2026-11-20T09:00:00.000Z",
    "requestContext": {"requestId": "r", "functionArn": "arn", "condition": "RetriesExhausted", "approximateInvokeCount": 3},
    "requestPayload": job_event(),
    "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
    "responsePayload": {"errorMessage": "m", "errorType": "Unreachable"},
}


@pytest.mark.parametrize(
    "payload",
    [
        job_event(),
        RECORD,
        {"MessageId": "1", "Body": json.dumps(job_event())},
        {"messageId": "1", "body": json.dumps(RECORD)},
        {"Type": "Notification", "TopicArn": "arn", "Message": json.dumps(RECORD)},
        {"Records": [{"messageId": "1", "body": json.dumps(RECORD)}]},
        {"Records": [{"Sns": {"Message": json.dumps(RECORD)}}]},
        {"Records": [{"body": json.dumps({"Type": "Notification", "Message": json.dumps(RECORD)})}]},
        {"source": "lambda", "detail-type": "Lambda Function Invocation Result - Failure", "detail": RECORD},
        {"Body": base64.b64encode(json.dumps(RECORD).encode()).decode()},
    ],
    ids=[
        "an event",
        "of an on-failure destination",
        "of a dead-letter queue",
        "a message of SQS",
        "of a topic",
        "SQS for Lambda",
        "SNS for Lambda",
        "SNS in SQS",
        "of a bus as destination",
        "base64",
    ],
)
def test_a_dead_letter_is_read_as_the_event_in_it(payload: dict[str, Any]) -> None:
    assert event_in(payload) == job_event()


def deep(letter: dict[str, Any], count: int) -> dict[str, Any]:
    return RECORD | {"requestPayload": deep(letter, count - 1)} if count else letter


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (RECORD | {"version": "0.9"}, "the dead letter is a record of version '0.9', wanted '1.0'"),
        ({k: v for k, v in RECORD.items() if k != "version"}, "the dead letter is a record of version None, wanted '1.0'"),
        (RECORD | {"requestPayload": "text"}, "found a str, wanted an event or a dead letter with one"),
        ([job_event()], "found a list, wanted an event or a dead letter with one"),
        ({"Body": "{"}, "the body of the message is not JSON"),
        ({"Body": "[" * 100_000}, "the body of the message is not JSON"),
        ({"Body": json.dumps(deep(RECORD, 5))}, "found 5 dead letters inside one another, wanted an event"),
        ({"Records": []}, "the dead letter has 0 records, wanted one"),
        ({"Records": ["x"]}, "found a str, wanted an event or a dead letter with one"),
        (RECORD | {"requestPayload": None}, "found a str, wanted an event or a dead letter with one"),
    ],
)
def test_an_invalid_dead_letter_is_refused(payload: Any, told: str) -> None:
    with pytest.raises(BadEvent) as refused:
        event_in(payload)
    assert str(refused.value).startswith(told)


@pytest.mark.parametrize(
    "payload", [RECORD, {"body": json.dumps(RECORD)}, {"Records": [{"Sns": {"Message": json.dumps(RECORD)}}]}]
)
def test_the_record_names_the_function_that_failed_however_it_is_wrapped(payload: dict[str, Any]) -> None:
    assert function_in(payload) == "arn"
    assert [function_in(other) for other in (job_event(), [], {"requestContext": None}, deep(job_event(), 0))] == [""] * 4


@pytest.mark.parametrize(
    "missing", [{"account": "2"}, {"region": "eu-west-1"}, {"account": None}, {"region": 7}, {"account": ["1"]}]
)
def test_an_event_of_another_account_or_region_is_not_of_this_stack(missing: dict[str, Any]) -> None:
    event = job_event(account="1", region="us-east-1")
    assert not_of("1", "us-east-1", event) == ""
    assert "this stack is in account '1', region 'us-east-1'" in not_of("1", "us-east-1", event | missing)
    assert not_of("1", "us-east-1", job_event()) != ""


def test_an_event_of_a_tuning_job_names_it_and_no_other_event_does() -> None:
    change = "SageMaker HyperParameter Tuning Job State Change"
    tuning = {"source": "aws.sagemaker", "detail-type": change, "detail": {"HyperParameterTuningJobName": "tuner"}}
    assert tuning_job_in(tuning) == "tuner"
    assert tuning_job_in(job_event()) is None
    for broken in ({"source": "acme"}, {"detail": {}}, {"detail": {"HyperParameterTuningJobName": 7}}, {"detail": None}):
        with pytest.raises(BadEvent):
            tuning_job_in(tuning | broken)
