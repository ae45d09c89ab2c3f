"""A request is validated strictly by botocore's model: members, types, enums, patterns, lengths, and required members."""

from __future__ import annotations

from typing import Any

import pytest

from controller.cli.check.request_model import corrected, model_refusals
from tests.unit.cli.checking import Check, request

SHAPE = "CreateTrainingJobRequest"


def refused(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one.field, one.wanted) for one in model_refusals(document, SHAPE, filled=frozenset())]


def test_a_complete_request_is_accepted() -> None:
    assert refused(request()) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("UseSpotInstances", "EnableManagedSpotTraining"),
        ("EnableManagedSpotTrainning", "EnableManagedSpotTraining"),
        ("enableManagedSpotTraining", "EnableManagedSpotTraining"),
        ("use_spot_instances", "EnableManagedSpotTraining"),
        ("CheckpointsConfig", "CheckpointConfig"),
        ("MaxRuntimeInSeconds", "StoppingCondition.MaxRuntimeInSeconds"),
        ("max_wait", "StoppingCondition.MaxWaitTimeInSeconds"),
        ("InstanceType", "ResourceConfig.InstanceType"),
        ("HyperParams", "HyperParameters"),
    ],
)
def test_an_unknown_member_is_named_with_what_was_meant(written: str, meant: str) -> None:
    found = dict(refused(request(**{written: "x"})))
    assert f"did you mean {meant}?" in found[written]


def test_a_misspelt_nested_member_is_named_once_and_judged_as_meant() -> None:
    document = request(StoppingCondition={"MaxRuntimeInSeconds": 7200, "MaxWaitTime": 7200})
    assert refused(document) == [
        ("StoppingCondition.MaxWaitTime", "a member that SageMaker knows; did you mean MaxWaitTimeInSeconds?")
    ]
    assert corrected(document, SHAPE)["StoppingCondition"] == {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 7200}


RESOURCES = request()["ResourceConfig"]
TYPE, WARM = "ResourceConfig.InstanceType", "ResourceConfig.KeepAlivePeriodInSeconds"


@pytest.mark.parametrize(
    ("changes", "field", "wanted"),
    [
        ({"ResourceConfig": RESOURCES | {"InstanceType": "ml.g5.xlarg"}}, TYPE, "did you mean ml.g5.xlarge?"),
        ({"ResourceConfig": RESOURCES | {"InstanceCount": 0.5}}, "ResourceConfig.InstanceCount", "a whole number"),
        ({"ResourceConfig": RESOURCES | {"KeepAlivePeriodInSeconds": 99_999}}, WARM, "at most"),
        ({"ResourceConfig": []}, "ResourceConfig", "an object with named members"),
        ({"TrainingJobName": "bert_1"}, "TrainingJobName", "letters, digits and inner hyphens"),
        ({"TrainingJobName": "b" * 64}, "TrainingJobName", "1 to 63 characters"),
        ({"RoleArn": "arn:aws:iam::123:role/x"}, "RoleArn", "an IAM role's ARN"),
        ({"RoleArn": None}, "RoleArn", "SageMaker requires it"),
        ({"HyperParameters": {"epochs": 3}}, "HyperParameters.epochs", 'text, such as "3"'),
        ({"EnableManagedSpotTraining": "yes"}, "EnableManagedSpotTraining", "true or false"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": "7200"}}, "StoppingCondition.MaxRuntimeInSeconds", "a whole number"),
        ({"Tags": [{"Key": "a"}]}, "Tags[0].Value", "SageMaker requires it"),
        ({"InputDataConfig": []}, "InputDataConfig", "at least 1 items"),
        (
            {"AlgorithmSpecification": {"TrainingImage": "t:1", "TrainingInputMode": "file"}},
            "AlgorithmSpecification.TrainingInputMode", "did you mean File?",
        ),
    ],
    ids=range(14),
)  # fmt: skip
def test_what_the_model_does_not_allow_is_refused(changes: dict[str, Any], field: str, wanted: str) -> None:
    assert wanted in dict(refused(request(**changes)))[field]


def test_a_certain_correction_is_in_the_fix(said_of: Check) -> None:
    said = said_of(request(ResourceConfig=RESOURCES | {"InstanceType": "ml.g5.xlarg", "InstanceCount": "2"}))
    assert said.code == 4
    assert said.job["fix"]["request"] == {"ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2}}


def test_without_a_certain_correction_the_output_explains_why(said_of: Check) -> None:
    assert said_of(request(TrainingJobName="bert_1")).job["fix"]["why_not"].endswith("TrainingJobName")
