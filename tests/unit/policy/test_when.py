"""A compiled expression is true, false or undecided for a job, and never raises."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from controller.policy.when import when_of
from controller.policyfile.when import compile_when
from tests.builders import job, rule

RUNTIME = ("StoppingCondition", "MaxRuntimeInSeconds")
COUNT = ("ResourceConfig", "InstanceCount")
CHANNELS = ("InputDataConfig", "ChannelName")
SUBNETS = ("VpcConfig", "Subnets")


def holds(text: str, members: dict[tuple[str, ...], Any]) -> bool | None:
    compiled = json.loads(json.dumps(compile_when(text)))  # as Lambda loads it
    return when_of(compiled).holds(members)


@pytest.mark.parametrize(
    ("text", "members", "answer"),
    [
        ("default(ResourceConfig.InstanceCount, 1) > 4", {COUNT: 5}, True),
        ("default(ResourceConfig.InstanceCount, 1) > 4", {COUNT: 4}, False),
        ("default(ResourceConfig.InstanceCount, 9) > 4", {COUNT: None}, True),
        ("default(ResourceConfig.InstanceCount, 9) > 4", {}, None),
        ("default(ResourceConfig.InstanceCount, 1) > 4", {COUNT: "5"}, None),
        ("default(ResourceConfig.InstanceCount, 1) > 4", {COUNT: True}, None),
        ("has(ResourceConfig.InstanceCount) and ResourceConfig.InstanceCount > 4", {COUNT: None}, False),
        ("has(ResourceConfig.InstanceCount)", {}, None),
        ("not has(ResourceConfig.InstanceCount) or ResourceConfig.InstanceCount != 4", {COUNT: 4}, False),
        (
            "default(StoppingCondition.MaxRuntimeInSeconds, 0) <= 24h",
            {RUNTIME: 86_400},
            True,
        ),
        ("default(EnableNetworkIsolation, false)", {("EnableNetworkIsolation",): True}, True),
        ("not default(EnableNetworkIsolation, false)", {("EnableNetworkIsolation",): None}, True),
        ("not default(EnableNetworkIsolation, false)", {}, None),
        ("TrainingJobName matches 'train-*'", {("TrainingJobName",): "train-1"}, True),
        ("TrainingJobName == 'a'", {("TrainingJobName",): None}, None),
        ("TrainingJobName == 'a'", {("TrainingJobName",): ["a"]}, None),
        ("TrainingJobName != 'a'", {("TrainingJobName",): {"a": 1}}, None),
        ("TrainingJobStatus not in ['Failed']", {("TrainingJobStatus",): "Stopped"}, True),
        ("any(InputDataConfig.ChannelName == 'raw')", {CHANNELS: ["train", "raw"]}, True),
        ("any(InputDataConfig.ChannelName == 'raw')", {CHANNELS: ["train"]}, False),
        ("any(InputDataConfig.ChannelName == 'raw')", {CHANNELS: ["train", 5]}, None),
        ("any(InputDataConfig.ChannelName == 'raw')", {CHANNELS: None}, False),
        ("any(InputDataConfig.ChannelName == 'raw')", {}, None),
        ("has(InputDataConfig) and all(InputDataConfig.ChannelName == 'a')", {("InputDataConfig",): (), CHANNELS: ["a"]}, True),
        ("has(VpcConfig) and 's' in VpcConfig.Subnets", {("VpcConfig",): (), SUBNETS: ["r", "s"]}, True),
        ("has(VpcConfig) and 's' in VpcConfig.Subnets", {("VpcConfig",): None, SUBNETS: None}, False),
        ("count(InputDataConfig) >= 2", {("InputDataConfig",): [None, None]}, True),
        ("count(InputDataConfig) == 0", {("InputDataConfig",): None}, True),
        ("count(InputDataConfig) == 0", {}, None),
        ("has(VpcConfig) or TrainingJobName == 'a'", {("TrainingJobName",): "a"}, True),
        ("has(VpcConfig) and TrainingJobName == 'a'", {("TrainingJobName",): "b"}, False),
        ("has(VpcConfig) and TrainingJobName == 'a'", {("TrainingJobName",): "a"}, None),
    ],
)
def test_an_expression_is_true_false_or_undecided(text: str, members: dict[tuple[str, ...], Any], answer: bool | None) -> None:
    assert holds(text, members) is answer


@pytest.mark.parametrize("value", [None, "", "x", 0, -1, 1.5, True, [], ["a"], {}, {"a": None}, ()])
def test_a_value_of_any_type_leads_to_an_answer(value: Any) -> None:
    for text in (
        "default(ResourceConfig.InstanceCount, 1) > 4", "TrainingJobName matches '*'", "count(InputDataConfig) > 1",
        "any(InputDataConfig.ChannelName != 'a')", "any(VpcConfig.Subnets == 's')", "default(EnableNetworkIsolation, true)",
    ):  # fmt: skip
        compiled = when_of(compile_when(text))
        assert compiled.holds(dict.fromkeys(compiled.fields, value)) in (True, False, None)


@pytest.mark.parametrize(("count", "found", "matches"), [(5, "true", True), (4, "false", False), ("5", None, None)])
def test_the_expression_is_the_last_part_of_why_a_rule_is_about_a_job(
    count: object, found: str | None, matches: bool | None
) -> None:
    text = "default(ResourceConfig.InstanceCount, 1) > 4"
    when = when_of(json.loads(json.dumps(compile_when(text))))
    part = replace(rule("large"), when=when).parts(job(members={COUNT: count}))[-1]
    assert (part.key, part.wanted, part.found, part.matches) == ("when", (text,), found, matches)
