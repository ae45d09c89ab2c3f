"""State machines as tools write them: with unquoted placeholders, in Map states, with JSONata."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.cli.checking import Check, request


def machine(parameters: Any, member: str = "Parameters") -> dict[str, Any]:
    task = {"Type": "Task", "End": True, "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", member: parameters}
    return {"StartAt": "T", "States": {"T": task}}


def test_a_placeholder_without_quotes_is_filled_in_later(said_of: Check) -> None:
    text = json.dumps(machine(request(StoppingCondition={"MaxRuntimeInSeconds": "|"}, EnableManagedSpotTraining="|")))
    job = said_of(text.replace('"|"', "${value}"), name="train.asl.json").job
    assert (job["verdict"], job["later"]["StoppingCondition.MaxRuntimeInSeconds"]) == ("undecided", "${value}")
    assert said_of(text.replace('"|"', "$value"), name="train.asl.json").code == 2


def test_a_prefix_that_is_filled_in_is_a_prefix(said_of: Check) -> None:
    for member, place in (("S3Uri.$", "$.checkpoints"), ("S3Uri", "{% 's3://acme-ml/' & $name %}")):
        parameters = request(CheckpointConfig={member: place})
        assert said_of(machine(parameters, "Parameters" if "$" in member else "Arguments")).code == 0
    whole = {name: value for name, value in request().items() if name != "CheckpointConfig"}
    said = said_of(machine({**whole, "CheckpointConfig.$": "$.checkpoints"}))
    assert (said.code, said.job["undecided"]) == (3, ["save-long-work"])
