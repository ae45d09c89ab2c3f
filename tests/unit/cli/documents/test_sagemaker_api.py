"""Documents of SageMaker's API are read, and any other document is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.cli.checking import Check, request

ALL = ["save-long-work", "one-hour-without-checkpoints", "wait-limit", "spot-for-long-jobs"]


def event(kind: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {"source": "aws.sagemaker", "detail-type": kind, "account": "111122223333", "region": "us-east-1", "detail": detail}


def test_an_event_of_a_pipeline_step_has_only_the_job_s_name(said_of: Check) -> None:
    arn = "arn:aws:sagemaker:us-east-1:111122223333:training-job/pipelines-abc-Train-xyz"
    said = said_of(
        event(
            "SageMaker Model Building Pipeline Execution Step Status Change",
            {"stepType": "Training", "metadata": {"trainingJob": {"arn": arn}}},
        )
    )
    assert (said.code, said.job["job"], said.job["undecided"]) == (3, "pipelines-abc-Train-xyz", ALL)
    assert said.job["owner"] == "SageMaker Pipelines"


def test_an_event_of_a_tuning_job_has_its_definition_judged(said_of: Check) -> None:
    definition = {name: value for name, value in request(CheckpointConfig=None).items() if name != "TrainingJobName"}
    detail = {"HyperParameterTuningJobName": "tune", "TrainingJobDefinition": definition}
    said = said_of(event("SageMaker HyperParameter Tuning Job State Change", detail))
    assert (said.code, said.rules, said.job["owner"]) == (1, ["save-long-work"], "hyperparameter tuning")
    silent = {name: value for name, value in definition.items() if name != "EnableManagedSpotTraining"}
    said = said_of(event("SageMaker HyperParameter Tuning Job State Change", detail | {"TrainingJobDefinition": silent}))
    assert (said.code, said.job["verdict"]) == (3, "undecided")


def test_a_call_in_cloudtrail_is_a_request_with_lower_case_names(said_of: Check) -> None:
    parameters = {name[0].lower() + name[1:]: value for name, value in request(CheckpointConfig=None).items()}
    said = said_of(event("AWS API Call via CloudTrail", {"eventName": "CreateTrainingJob", "requestParameters": parameters}))
    assert (said.code, said.rules, said.job["path"]) == (1, ["save-long-work"], "detail.requestParameters")
    call = {"eventSource": "sagemaker.amazonaws.com", "eventName": "CreateTrainingJob", "requestParameters": parameters}
    other = {"eventSource": "sagemaker.amazonaws.com", "eventName": "ListTags"}
    for document, path in (
        (call, "requestParameters"),
        ({"Records": [other, call]}, "Records[1].requestParameters"),
        ({"Events": [{"CloudTrailEvent": json.dumps(call)}]}, "Events[0].CloudTrailEvent.requestParameters"),
    ):
        said = said_of(document)
        assert (said.code, said.rules, said.job["path"]) == (1, ["save-long-work"], path)
    assert said_of({"Records": [other]}).code == 2


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (event("SageMaker Endpoint State Change", {}), "is not about a training job"),
        ({"ProcessingJobName": "p"}, "found a processing job, which is not a training job"),
        (
            {"payload": {"request": request()}},
            "payload.request (line 1) is a training job: save that part to a file, and check the file",
        ),
        ({"Results": [{"Trial": {}}]}, "found Trial, wanted TrainingJob"),
        ({"Results": [{"TrainingJob": [1]}]}, "found [1], wanted TrainingJob"),
        ({"TrainingJobSummaries": []}, "found no training job"),
        (["bert-1"], "spotwarden check bert-1 asks SageMaker"),
        (
            {"Version": "2020-12-01", "Steps": [{"Name": "p", "Type": "Processing", "Arguments": {}}]},
            "wanted a Training or Tuning step",
        ),
        ({"StartAt": "a", "States": {"a": {"Type": "Pass"}}}, "found no state that creates a training job"),
        ({"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}, "only these create training jobs"),
        ({"terraform_version": "1.9", "resource_changes": []}, "only these create training jobs"),
        ({"apiVersion": "batch/v1", "kind": "Job", "spec": {}}, "found a Kubernetes Job of batch/v1"),
    ],
    ids=range(12),
)
def test_a_document_without_a_training_job_is_named(said_of: Check, document: dict[str, Any], error: str) -> None:
    said = said_of(document)
    assert said.code == 2
    assert error in said.job["error"]


@pytest.mark.parametrize(
    ("text", "line", "error"),
    [
        ('{"TrainingJobName": "a",\n "RoleArn": "r"}\nDone.\n', 3, "found text after the JSON value"),
        ('{\n "TrainingJobName": "a", /* why */\n "RoleArn": "r"}', 2, "found a comment, which JSON does not allow"),
        ('{\n # why\n "TrainingJobName": "a"}', 2, "found a comment, which JSON does not allow"),
        ('{\n "TrainingJobName": "a",\n}', 2, "found a comma before the closing bracket"),
        ("{'TrainingJobName': 'a'}", 1, "found text in single quotes"),
        ('{"TrainingJobName": "a", "EnableManagedSpotTraining": True}', 1, "found True, wanted true, false or null"),
    ],
)
def test_text_that_json_does_not_allow_is_one_error_with_its_line(said_of: Check, text: str, line: int, error: str) -> None:
    said = said_of(text)
    assert (said.code, said.job["line"]) == (2, line)
    assert error in said.job["error"]


def test_over_several_jobs_the_worst_counts(said_of: Check) -> None:
    allowed, undecided = request(), {"TrainingJobName": "a", "TrainingJobStatus": "InProgress"}
    broken, refused = request(CheckpointConfig=None), request(StoppingCondition={"MaxRuntimeInSeconds": 7200})
    assert said_of([allowed, undecided]).code == 3
    assert said_of([allowed, undecided], "--strict").code == 1
    assert said_of([undecided, broken]).code == 1
    assert said_of([broken, refused]).code == 4
    assert said_of([refused, {"a": 1}]).code == 2
