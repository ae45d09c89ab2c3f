"""No value of a hyperparameter, a variable or a command line is in a redacted description."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session

from controller.cli.history.redaction import redacted

SECRET = "hunter2-and-more"


def example(shape: Any, seen: frozenset[str] = frozenset()) -> Any:
    """A value of a botocore shape in which every free text is the secret."""
    match shape.type_name:
        case "structure":
            if shape.name in seen:
                return {}
            return {name: example(member, seen | {shape.name}) for name, member in shape.members.items()}
        case "list":
            return [example(shape.member, seen)]
        case "map":
            return {"name": SECRET}
        case "string":
            if shape.name in ("StatusMessage", "FailureReason", "StatusDetails"):
                return f"the container said {SECRET}"
            return SECRET if shape.name.startswith("TrainingContainer") else "plain"
        case _:
            return 1


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def described() -> dict[str, Any]:
    model = botocore.session.get_session().get_service_model("sagemaker")
    found = example(model.operation_model("DescribeTrainingJob").output_shape)
    assert isinstance(found, dict)
    return found


def test_no_free_map_and_no_command_line_of_botocores_model_keeps_a_value() -> None:
    before = described()
    before["FailureReason"] = f"AlgorithmError: exit 1, said {SECRET}"
    assert SECRET in json.dumps(before)
    after = redacted(before)
    assert SECRET not in json.dumps(after)
    assert after["FailureReason"].startswith("AlgorithmError: exit 1")


def test_the_names_and_everything_else_stay() -> None:
    before = {
        "TrainingJobName": "bert",
        "HyperParameters": {"sagemaker_program": "train.py"},
        "ResourceConfig": {"InstanceCount": 2},
    }
    assert redacted(before) == {**before, "HyperParameters": {"sagemaker_program": "…"}}
    assert before["HyperParameters"] == {"sagemaker_program": "train.py"}


def test_the_number_of_leaves_stays() -> None:
    before = described()
    assert len(list(leaves(redacted(before)))) == len(list(leaves(before)))
