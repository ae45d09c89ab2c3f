"""A fix is in the terms of the reader's tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from controller.cli.check.fix_words import (
    ack_spec,
    aws_cli,
    estimator,
    first_estimator,
    fix_lines,
    in_words,
    model_trainer,
    prefix_lines,
    terraform,
)
from controller.policy.findings import Fix

CHANGE = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 432_000, "MaxWaitTimeInSeconds": 604_800},
    "CheckpointConfig": {"S3Uri": "s3://acme/ck/"},
    "Tags": [{"Key": "team", "Value": "ml"}],
}


def test_durations_are_in_words() -> None:
    assert in_words(CHANGE) == (
        "EnableManagedSpotTraining true, MaxRuntimeInSeconds 5 days (432000 s), MaxWaitTimeInSeconds 7 days (604800 s),"
        " S3Uri s3://acme/ck/, tags team=ml"
    )


def test_the_aws_cli_has_options() -> None:
    assert aws_cli(CHANGE) == (
        "--enable-managed-spot-training --stopping-condition MaxRuntimeInSeconds=432000,MaxWaitTimeInSeconds=604800"
        " --checkpoint-config S3Uri=s3://acme/ck/ --tags Key=team,Value=ml"
    )
    assert aws_cli({"EnableManagedSpotTraining": False}) == "--no-enable-managed-spot-training"


def test_the_aws_cli_is_given_each_value_as_one_text() -> None:
    assert aws_cli({"RoleArn": "x; id", "HyperParameters": {"a": "$(id),b=1", "n": 1}}) == (
        """--role-arn 'x; id' --hyper-parameters '{"a": "$(id),b=1", "n": 1}'"""
    )
    assert aws_cli({"Environment": {"`id`": "x"}}) == """--environment '{"`id`": "x"}'"""


def test_the_aws_cli_has_nested_values_as_json() -> None:
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://acme/x"}}}
    assert aws_cli({"InputDataConfig": [channel]}) == (
        """--input-data-config '[{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://acme/x"}}}]'"""
    )


def test_v2_has_an_estimator_and_v3_its_shapes() -> None:
    assert estimator(CHANGE).startswith("Estimator(use_spot_instances=True, max_run=432000, max_wait=604800,")
    assert model_trainer(CHANGE) == (
        "ModelTrainer(compute=Compute(enable_managed_spot_training=True), stopping_condition=StoppingCondition("
        "max_runtime_in_seconds=432000, max_wait_time_in_seconds=604800), checkpoint_config=CheckpointConfig("
        "s3_uri='s3://acme/ck/'), tags=[Tag(key='team', value='ml')])"
    )


def test_a_name_that_would_end_a_block_of_terraform_is_a_string() -> None:
    assert terraform({"Environment": {"a; id} x = 1": "v"}}) == 'environment { "a; id} x = 1" = "v" }'


def test_terraform_has_blocks() -> None:
    assert (
        terraform({"StoppingCondition": {"MaxWaitTimeInSeconds": 7200}})
        == "stopping_condition { max_wait_time_in_seconds = 7200 }"
    )
    assert terraform(CHANGE).splitlines()[:5] == [
        "enable_managed_spot_training = true", "stopping_condition {", "  max_runtime_in_seconds = 432000",
        "  max_wait_time_in_seconds = 604800", "}",
    ]  # fmt: skip


SMALLER = {"InstanceType": "ml.g5.xlarge", "KeepAlivePeriodInSeconds": None}
REMOVALS: Mapping[str, tuple[dict[str, Any], dict[Callable[[Any], str], str]]] = {
    "beside a new member": ({"ResourceConfig": SMALLER}, {
        aws_cli: "--resource-config InstanceType=ml.g5.xlarge (without KeepAlivePeriodInSeconds in --resource-config)",
        estimator: "Estimator(instance_type='ml.g5.xlarge', keep_alive_period_in_seconds=None)",
        model_trainer: "ModelTrainer(compute=Compute(instance_type='ml.g5.xlarge', keep_alive_period_in_seconds=None))",
        terraform: 'resource_config {\n  instance_type = "ml.g5.xlarge"\n  keep_alive_period_in_seconds = null\n}',
    }),
    "of a structure": ({"EnableManagedSpotTraining": False, "CheckpointConfig": None}, {
        aws_cli: "--no-enable-managed-spot-training (without --checkpoint-config)",
        estimator: "Estimator(use_spot_instances=False, checkpoint_s3_uri=None)",
        first_estimator: "Estimator(train_use_spot_instances=False, checkpoint_s3_uri=None)",
        model_trainer: "ModelTrainer(compute=Compute(enable_managed_spot_training=False), checkpoint_config=None)",
        terraform: "enable_managed_spot_training = false\n# without checkpoint_config",
    }),
    "deep inside": ({"RetryStrategy": {"A": {"B": None, "C": 1}, "D": {"E": None}}}, {
        aws_cli: """--retry-strategy '{"A": {"C": 1}}' (without A.B, D.E in --retry-strategy)""",
    }),
}  # fmt: skip


@pytest.mark.parametrize(("change", "texts"), REMOVALS.values(), ids=list(REMOVALS))
def test_a_member_that_a_fix_removes_is_told_in_every_tool(
    change: dict[str, Any], texts: dict[Callable[[Any], str], str]
) -> None:
    assert {write: write(change) for write in texts} == texts


def test_ack_has_its_own_spelling() -> None:
    assert ack_spec(CHANGE | {"ResourceConfig": {"VolumeSizeInGB": 5}}) == (
        '{"enableManagedSpotTraining": true, "stoppingCondition": {"maxRuntimeInSeconds": 432000, "maxWaitTimeInSeconds":'
        ' 604800}, "checkpointConfig": {"s3URI": "s3://acme/ck/"}, "tags": [{"key": "team", "value": "ml"}],'
        ' "resourceConfig": {"volumeSizeInGB": 5}}'
    )


def test_each_run_of_a_repeated_definition_has_its_own_prefix() -> None:
    fix = Fix(request=CHANGE)
    assert list(prefix_lines(Fix(request={"EnableManagedSpotTraining": True}), "sdk-v2")) == []
    assert list(prefix_lines(Fix(request={"CheckpointConfig": None}), "sdk-v2")) == []
    said = {
        tool: dict(prefix_lines(fix, tool)).get("  such as") for tool in ("step-functions", "pipeline", "sdk-v2", "terraform")
    }
    assert said == {
        "step-functions": '"S3Uri.$": "States.Format(\'s3://acme/ck/{}/\', $$.Execution.Name)"',
        "pipeline": '{"Std:Join": {"On": "/", "Values": ["s3://acme/ck", {"Get": "Execution.PipelineExecutionId"}]}}',
        "sdk-v2": 'f"s3://acme/ck/{run}/"',
        "terraform": None,
    }
    odd = Fix(request={"CheckpointConfig": {"S3Uri": 's3://acme/"+evil()+"/'}})
    assert [label for label, _ in prefix_lines(odd, "sdk-v2")] == ["each run"]


def test_a_tool_that_cannot_express_a_change_is_left_out() -> None:
    change = {
        "CheckPointConfig": None,
        "StoppingCondition": {"MaxRunTime": None},
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
    }
    said = dict(fix_lines(Fix(request=change), "request"))
    assert "in SDK v2" not in said
    assert (said["with the AWS CLI"], "null" in said["in the request"]) == (
        "--algorithm-specification TrainingInputMode=File",
        True,
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"RoleArn": "file:///etc/passwd"}, """--cli-input-json '{"RoleArn": "file:///etc/passwd"}'"""),
        ({"TrainingJobName": "fileb://x'y"}, """--cli-input-json '{"TrainingJobName": "fileb://x'"'"'y"}'"""),
        ({"RoleArn": "https://evil/x"}, """--cli-input-json '{"RoleArn": "https://evil/x"}'"""),
        ({"RoleArn": "--debug"}, "--role-arn=--debug"),
        ({"Environment": {"file:///etc/passwd": "1"}}, """--environment '{"file:///etc/passwd": "1"}'"""),
        ({"Environment": {"a@": "file:///etc/passwd"}}, """--environment '{"a@": "file:///etc/passwd"}'"""),
        ({"Tags": [{"Key": "a", "Value": "file:///etc/passwd"}]}, "--tags Key=a,Value=file:///etc/passwd"),  # not at the start
    ],
)
def test_the_aws_cli_reads_no_value_of_a_fix_from_a_file_or_an_address(change: dict[str, Any], said: str) -> None:
    assert aws_cli(change) == said
