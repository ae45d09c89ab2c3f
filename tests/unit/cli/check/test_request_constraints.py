"""A request that SageMaker's documentation forbids is refused, even if botocore's model allows it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cli.checking import KMEANS, Check, request

WAIT = "StoppingCondition.MaxWaitTimeInSeconds"
RESOURCES = request()["ResourceConfig"]
ALGORITHM = request()["AlgorithmSpecification"]
ON_DEMAND = {"EnableManagedSpotTraining": None, "StoppingCondition": {"MaxRuntimeInSeconds": 600}, "CheckpointConfig": None}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 7200}}, WAIT),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 7199}}, WAIT),
        ({"StoppingCondition": {"MaxWaitTimeInSeconds": 7200}}, WAIT),
        ({"EnableManagedSpotTraining": False}, WAIT),
        ({"ResourceConfig": RESOURCES | {"KeepAlivePeriodInSeconds": 600}}, "EnableManagedSpotTraining"),
        ({"ResourceConfig": {"InstancePreferences": [{"InstanceType": "ml.g5.xlarge"}]}}, "EnableManagedSpotTraining"),
        ({"AlgorithmSpecification": ALGORITHM | {"TrainingImage": KMEANS}}, WAIT),
        ({"AlgorithmSpecification": ALGORITHM | {"AlgorithmName": "theirs"}}, "AlgorithmSpecification.AlgorithmName"),
        ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "AlgorithmSpecification.TrainingImage"),
        ({"AlgorithmSpecification": None}, "AlgorithmSpecification"),
        ({"ResourceConfig": RESOURCES | {"SelectedInstanceType": "ml.g5.xlarge"}}, "ResourceConfig.SelectedInstanceType"),
        ({"ResourceConfig": {"InstanceCount": 1, "VolumeSizeInGB": 1}}, "ResourceConfig"),
        ({"OutputDataConfig": {"S3OutputPath": "https://acme-ml/out"}}, "OutputDataConfig.S3OutputPath"),
        ({"CheckpointConfig": {"S3Uri": "s3://ACME/ck"}}, "CheckpointConfig.S3Uri"),
        ({"Tags": [{"Key": "aws:x", "Value": "1"}]}, "Tags"),
        ({"Tags": [{"Key": "x", "Value": "1"}, {"Key": "x", "Value": "2"}]}, "Tags"),
        ({**ON_DEMAND, "StoppingCondition": {"MaxRuntimeInSeconds": 30 * 86_400}}, "StoppingCondition.MaxRuntimeInSeconds"),
    ],
    ids=range(17),
)  # fmt: skip
def test_a_request_that_the_documentation_forbids_is_refused(said_of: Check, changes: dict[str, Any], field: str) -> None:
    said = said_of(request(**changes))
    assert (said.code, said.job["verdict"]) == (4, "refused")
    assert field in [finding["field"] for finding in said.job["findings"] if finding["severity"] == "refused"]


def test_an_https_url_of_s3_is_accepted(said_of: Check) -> None:
    for place in (
        "https://s3.eu-west-1.amazonaws.com/acme-ml/out/",
        "https://s3-us-west-2.amazonaws.com/b",
        "https://b.s3.amazonaws.com/a",
    ):
        assert said_of(request(OutputDataConfig={"S3OutputPath": place})).code == 0
    assert said_of(request(OutputDataConfig={"S3OutputPath": "https://s3.example.com/amazonaws.com/"})).code == 4


@pytest.mark.parametrize(
    "resources",
    [
        RESOURCES | {"KeepAlivePeriodInSeconds": 600},
        RESOURCES | {"TrainingPlanArn": "arn:aws:sagemaker:us-east-1:111122223333:training-plan/plan-1"},
        {"InstancePreferences": [{"InstanceType": "ml.g5.xlarge", "InstanceCount": 1}], "VolumeSizeInGB": 30},
    ],
    ids=["warm pool", "training plan", "preferences"],
)
def test_a_long_job_that_cannot_be_spot_is_allowed_on_demand(said_of: Check, resources: dict[str, Any]) -> None:
    long = ON_DEMAND | {"StoppingCondition": {"MaxRuntimeInSeconds": 86_400}}
    said = said_of(request(**long, ResourceConfig=resources))
    assert (said.code, said.job["verdict"]) == (0, "allow")


def test_the_fix_for_a_spot_job_with_a_warm_pool_removes_the_pool(said_of: Check) -> None:
    said = said_of(request(ResourceConfig=RESOURCES | {"KeepAlivePeriodInSeconds": 600}))
    assert said.job["fix"]["request"] == {"ResourceConfig": {"KeepAlivePeriodInSeconds": None}}
