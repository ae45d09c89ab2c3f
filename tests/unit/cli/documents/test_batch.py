"""Service jobs of AWS Batch contain the request of a training job as text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.cli.checking import Check, request


def service_job(payload: Any, **more: Any) -> dict[str, Any]:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    job = {"jobName": "nightly", "jobQueue": "q", "serviceJobType": "SAGEMAKER_TRAINING", "serviceRequestPayload": text}
    return {**job, **more}


def test_the_request_in_the_payload_is_judged_and_batch_names_the_job(said_of: Check) -> None:
    said = said_of(service_job(request(TrainingJobName=None, CheckpointConfig=None)))
    assert (said.code, said.rules, said.job["job"], said.job["owner"]) == (1, ["save-long-work"], "nightly", "AWS Batch")
    assert said.job["path"] == "serviceRequestPayload"
    assert said_of(service_job(request(), jobArn="arn:aws:batch:us-east-1:1:service-job/1", status="RUNNING")).code == 0
    event = {"source": "aws.batch", "detail-type": "Batch Service Job State Change", "detail": service_job(request())}
    assert said_of(event).job["path"] == "detail.serviceRequestPayload"


def test_a_program_that_submits_one_is_read(said_of: Check) -> None:
    program = (
        f"import boto3, json\npayload = {request(TrainingJobName=None, CheckpointConfig=None)!r}\n"
        "boto3.client('batch').submit_service_job(jobName='nightly', serviceRequestPayload=json.dumps(payload))\n"
    )
    assert said_of(program, name="submit.py").rules == ["save-long-work"]
    assert said_of(program.replace("dumps(payload)", "dumps(load())"), name="submit.py").job["verdict"] == "undecided"


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (service_job("{"), "line 1: found text that is not JSON"),
        (service_job("[]"), "found no request in serviceRequestPayload"),
        ({"serviceJobType": "SAGEMAKER_TRAINING"}, "found no request in serviceRequestPayload"),
        (service_job("{}", serviceJobType="OTHER"), "a service job of type OTHER"),
    ],
)
def test_a_payload_that_is_not_a_request_is_named(said_of: Check, document: dict[str, Any], error: str) -> None:
    said = said_of(document)
    assert (said.code, said.job["error"].startswith(error)) == (2, True)
