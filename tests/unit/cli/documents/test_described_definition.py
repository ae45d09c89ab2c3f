"""A definition inside a description is judged like one in its own file."""

from __future__ import annotations

import json

from tests.unit.cli.checking import CASES, Check, request


def test_the_definition_of_a_description_is_judged(said_of: Check) -> None:
    machine = (CASES / "state-machine.json").read_text("utf-8")
    said = said_of({"stateMachineArn": "arn:aws:states:us-east-1:1:stateMachine:x", "name": "x", "definition": machine})
    assert (said.code, said.rules, said.job["path"]) == (1, ["save-long-work"], "definition.States.Train.Parameters")
    step = {"Name": "T", "Type": "Training", "Arguments": request(TrainingJobName=None, CheckpointConfig=None)}
    pipeline = {"PipelineName": "p", "PipelineDefinition": json.dumps({"Version": "2020-12-01", "Steps": [step]})}
    said = said_of(pipeline)
    assert (said.code, said.rules, said.job["path"]) == (1, ["save-long-work"], "PipelineDefinition.Steps[0].Arguments")


def test_a_text_that_is_not_a_definition_is_named(said_of: Check) -> None:
    for text, error in (("{", "line 1: found text that is not JSON"), ("{}", "found a definition without steps or states")):
        said = said_of({"PipelineName": "p", "PipelineDefinition": text})
        assert (said.code, said.job["error"].startswith(error)) == (2, True)


def test_one_record_of_a_search_is_a_job(said_of: Check) -> None:
    said = said_of({"TrainingJob": request(TrainingJobStatus="InProgress", CheckpointConfig=None)})
    assert (said.rules, said.job["path"]) == (["save-long-work"], "TrainingJob")
