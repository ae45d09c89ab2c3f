"""Templates: resources that create training jobs are judged, and other resources beside them are no mistake."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.cli.checking import Check, request

TASK = "arn:aws:states:::sagemaker:createTrainingJob.sync"
IDLE = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}


def machine(definition: Any) -> dict[str, Any]:
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": definition}}


def joined(parameters: dict[str, Any]) -> dict[str, Any]:
    """A definition as the AWS CDK writes it: one text, joined from pieces and intrinsic functions."""
    task = {"Type": "Task", "End": True, "Resource": "arn:|:states:::sagemaker:createTrainingJob.sync", "Parameters": parameters}
    text = json.dumps({"StartAt": "T", "States": {"T": task}})
    before, after = text.split("|")
    return {"Fn::Join": ["", [before, {"Ref": "AWS::Partition"}, after]]}


def test_a_definition_in_pieces_is_judged_and_a_machine_without_training_beside_it_is_no_mistake(said_of: Check) -> None:
    template = {"Resources": {"A": machine(joined(request(CheckpointConfig=None))), "B": machine(json.dumps(IDLE))}}
    said = said_of(template)
    assert (said.code, said.rules, said.err) == (1, ["save-long-work"], "")
    assert said.job["path"] == "Resources.A.Properties.DefinitionString.States.T.Parameters"
    assert said_of({"Resources": {"B": machine(json.dumps(IDLE))}}).code == 2


def test_a_job_in_a_text_of_several_lines_has_its_line(said_of: Check) -> None:
    lines = json.dumps(
        {"StartAt": "T", "States": {"T": {"Type": "Task", "End": True, "Resource": TASK, "Parameters": request()}}}, indent=1
    ).splitlines()
    head = ["Resources:", "  M:", "    Type: AWS::StepFunctions::StateMachine", "    Properties:"]
    template = [*head, "      DefinitionString: !Sub |", *(f"        {line}" for line in lines)]
    at = next(number for number, line in enumerate(template, 1) if '"Parameters": {' in line)
    assert said_of("\n".join(template), name="template.yaml").job["line"] == at
    escaped = {"Resources": {"M": machine("\n".join(lines))}}
    assert said_of(json.dumps(escaped)).job["line"] == 1


def test_the_sdk_call_of_a_custom_resource_is_judged(said_of: Check) -> None:
    call = {"service": "SageMaker", "action": "createTrainingJob", "parameters": request(CheckpointConfig=None)}
    custom = {"Type": "Custom::AWS", "Properties": {"Create": json.dumps(call), "Delete": "{}"}}
    said = said_of({"Resources": {"C": custom}})
    assert (said.rules, said.job["path"]) == (["save-long-work"], "Resources.C.Properties.Create.parameters")
    other = {"Type": "Custom::AWS", "Properties": {"Create": json.dumps({"action": "putObject"})}}
    assert said_of({"Resources": {"C": other}}).code == 2


@pytest.mark.parametrize("parameters", ["${request}", [1], 3, True])
def test_an_sdk_call_with_wrong_parameters_is_named(said_of: Check, parameters: object) -> None:
    custom = {"Type": "Custom::AWS", "Properties": {"Create": {"action": "createTrainingJob", "parameters": parameters}}}
    said = said_of({"Resources": {"C": custom}})
    assert (said.code, said.job["path"]) == (2, "Resources.C.Properties.Create.parameters")
    assert "wanted the request of a training job" in said.job["error"]


@pytest.mark.parametrize(
    ("image", "broken", "undecided"),
    [
        ("${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/mine:1", ["save-long-work"], []),
        ({"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/mine:1"}, ["save-long-work"], []),
        ({"Fn::Join": ["", [{"Ref": "A"}, ".dkr.ecr.", {"Ref": "R"}, ".amazonaws.com/mine:1"]]}, ["save-long-work"], []),
        (
            "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/kmeans:1",
            [],
            ["save-long-work", "one-hour-without-checkpoints"],
        ),
        ("${Image}", [], ["save-long-work", "one-hour-without-checkpoints"]),
    ],
)
def test_an_image_is_known_by_its_repository_where_only_its_account_and_region_are_filled_in(
    said_of: Check, image: Any, broken: list[str], undecided: list[str]
) -> None:
    parameters = request(CheckpointConfig=None, AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"})
    task = {"Type": "Task", "End": True, "Resource": TASK, "Parameters": parameters}
    properties = {"Definition": {"StartAt": "T", "States": {"T": task}}}
    said = said_of({"Resources": {"A": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}})
    assert (said.rules, said.job["undecided"]) == (broken, undecided)
