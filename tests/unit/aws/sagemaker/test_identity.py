"""Two training jobs are the same request if all members are equal that no attempt may change, however SageMaker shows them."""

from __future__ import annotations

from typing import Any

import pytest

from controller.aws.sagemaker.identity import identity_of, probe_identity_of, work_of
from controller.aws.sagemaker.repeat_request import ACCOUNTED, request_again
from controller.jobs.changes import Changes
from controller.jobs.request import PROBE

KEY = "arn:aws:cloudformation:us-east-1:111122223333:stack/spotwarden/1"
DESCRIBED: dict[str, Any] = {
    "TrainingJobName": "bert",
    "RoleArn": "arn:aws:iam::111122223333:role/Train",
    "AlgorithmSpecification": {
        "TrainingImage": "111122223333.dkr.ecr.us-east-1.amazonaws.com/train:1",
        "TrainingInputMode": "File",
    },
    "HyperParameters": {"lr": "0.1", "sagemaker_job_name": '"bert"'},
    "Environment": {"A": "1"},
    "InputDataConfig": [
        {"ChannelName": "a", "DataSource": {"S3DataSource": {"S3Uri": "s3://data/a"}}},
        {"ChannelName": "b", "DataSource": {"S3DataSource": {"S3Uri": "s3://data/b"}}},
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://models/out"},
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
    "EnableManagedSpotTraining": True,
    "VpcConfig": {"SecurityGroupIds": ["sg-1", "sg-2"], "Subnets": ["subnet-1"]},
    "CheckpointConfig": {"S3Uri": "s3://checkpoints/bert/"},
}
SPECIFICATION, RESOURCES = DESCRIBED["AlgorithmSpecification"], DESCRIBED["ResourceConfig"]


def like(**changes: Any) -> dict[str, Any]:
    return DESCRIBED | changes


DIFFERENT: dict[str, dict[str, Any]] = {
    "role": like(RoleArn="arn:aws:iam::111122223333:role/Other"),
    "image": like(AlgorithmSpecification=SPECIFICATION | {"TrainingImage": "evil"}),
    "entry point": like(AlgorithmSpecification=SPECIFICATION | {"ContainerEntrypoint": ["sh"]}),
    "arguments": like(AlgorithmSpecification=SPECIFICATION | {"ContainerArguments": ["--evil"]}),
    "input mode": like(AlgorithmSpecification=SPECIFICATION | {"TrainingInputMode": "Pipe"}),
    "algorithm": like(AlgorithmSpecification={"AlgorithmName": "theirs", "TrainingInputMode": "File"}),
    "hyperparameter": like(HyperParameters={"lr": "0.2"}),
    "a hyperparameter more": like(HyperParameters={"lr": "0.1", "evil": ""}),
    "environment": like(Environment={"A": "2"}),
    "an empty environment variable more": like(Environment={"A": "1", "B": ""}),
    "inputs": like(InputDataConfig=DESCRIBED["InputDataConfig"][:1]),
    "output": like(OutputDataConfig={"S3OutputPath": "s3://models/out/evil"}),
    "output key": like(OutputDataConfig={"S3OutputPath": "s3://models/out", "KmsKeyId": "theirs"}),
    "network isolation": like(EnableNetworkIsolation=True),
    "encryption between containers": like(EnableInterContainerTrafficEncryption=True),
    "security groups": like(VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}),
    "no network": like(VpcConfig={}),
    "volume key": like(ResourceConfig=RESOURCES | {"VolumeKmsKeyId": "theirs"}),
    "warm pool": like(ResourceConfig=RESOURCES | {"KeepAlivePeriodInSeconds": 600}),
    "reserved capacity": like(ResourceConfig=RESOURCES | {"TrainingPlanArn": "arn"}),
    "where checkpoints lie in the container": like(CheckpointConfig=DESCRIBED["CheckpointConfig"] | {"LocalPath": "/opt/evil"}),
    "pending limit": like(StoppingCondition=DESCRIBED["StoppingCondition"] | {"MaxPendingTimeInSeconds": 7200}),
    "retries": like(RetryStrategy={"MaximumRetryAttempts": 30}),
    "remote shell": like(RemoteDebugConfig={"EnableRemoteDebug": True}),
    "debug hook": like(DebugHookConfig={"S3OutputPath": "s3://elsewhere"}),
    "debug rules": like(DebugRuleConfigurations=[{"RuleConfigurationName": "r", "RuleEvaluatorImage": "evil"}]),
    "tensor board": like(TensorBoardOutputConfig={"S3OutputPath": "s3://elsewhere"}),
    "tensor board over the checkpoints": like(
        TensorBoardOutputConfig={"S3OutputPath": "s3://models/out", "LocalPath": "/opt/ml/checkpoints"}
    ),
    "a compression that is another section's default": like(
        OutputDataConfig={"S3OutputPath": "s3://models/out", "CompressionType": "None"}
    ),
    "order of arguments": like(AlgorithmSpecification=SPECIFICATION | {"ContainerArguments": ["b", "a"]}),
    "case of a bucket": like(OutputDataConfig={"S3OutputPath": "s3://Models/out"}),
    "scheme of a bucket": like(OutputDataConfig={"S3OutputPath": "s3a://models/out"}),
    "partition of a role": like(RoleArn="arn:aws-us-gov:iam::111122223333:role/Train"),
    "shards": like(InputDataConfig=[
        {**channel, "DataSource": {"S3DataSource": {**channel["DataSource"]["S3DataSource"],
                                                    "S3DataDistributionType": "ShardedByS3Key"}}}
        for channel in DESCRIBED["InputDataConfig"]
    ]),
    "experiment": like(ExperimentConfig={"ExperimentName": "e"}),
    "model package": like(ModelPackageConfig={"ModelPackageGroupArn": "theirs"}),
    "mlflow": like(MlflowConfig={"MlflowResourceArn": "theirs"}),
    "checks": like(InfraCheckConfig={"EnableInfraCheck": True}),
}  # fmt: skip
ALIKE: dict[str, dict[str, Any]] = {
    "another name": like(TrainingJobName="bert-r02", HyperParameters={"lr": "0.1", "sagemaker_job_name": '"bert-r02"'}),
    "injected metrics": like(AlgorithmSpecification=SPECIFICATION | {
        "MetricDefinitions": [{"Name": "a", "Regex": "b"}], "EnableSageMakerMetricsTimeSeries": False,
    }),
    "empties": like(
        AlgorithmSpecification=SPECIFICATION | {"AlgorithmName": "", "ContainerEntrypoint": []}, RetryStrategy={},
        OutputDataConfig={"S3OutputPath": "s3://models/out", "KmsKeyId": ""}, EnableNetworkIsolation=False,
    ),
    "defaults": like(InputDataConfig=[
        {**channel, "CompressionType": "None", "RecordWrapperType": "None"} for channel in DESCRIBED["InputDataConfig"]
    ]),
    "another order": like(
        InputDataConfig=DESCRIBED["InputDataConfig"][::-1],
        VpcConfig={"SecurityGroupIds": ["sg-2", "sg-1"], "Subnets": ["subnet-1"]},
    ),
    "the profiler that the service adds": like(
        ProfilerConfig={"S3OutputPath": "s3://models/out", "DisableProfiler": False}, ProfilerRuleConfigurations=[],
    ),
    "the debug hook that the service adds": like(DebugHookConfig={"S3OutputPath": "s3://models/out/"}),
    "the default place of checkpoints": like(
        CheckpointConfig={"S3Uri": "s3://checkpoints/bert/", "LocalPath": "/opt/ml/checkpoints/"}
    ),
    "what it did": like(TrainingJobStatus="Completed", SecondaryStatus="Completed", TrainingTimeInSeconds=1),
    "what an attempt may change": like(
        EnableManagedSpotTraining=False, StoppingCondition={"MaxRuntimeInSeconds": 60},
        ResourceConfig={"InstanceType": "ml.g5.4xlarge", "InstanceCount": 2, "VolumeSizeInGB": 500},
        VpcConfig={"SecurityGroupIds": ["sg-1", "sg-2"], "Subnets": ["subnet-2"]},
        CheckpointConfig={"S3Uri": "s3://checkpoints/other/"},
    ),
    "no checkpoints": {member: value for member, value in DESCRIBED.items() if member != "CheckpointConfig"},
}  # fmt: skip


def test_a_default_of_one_section_is_no_default_of_another() -> None:
    board = {"S3OutputPath": "s3://models/out"}
    local = {"LocalPath": "/opt/ml/checkpoints"}
    assert identity_of(like(TensorBoardOutputConfig=board), KEY) != identity_of(like(TensorBoardOutputConfig=board | local), KEY)
    one, other = SPECIFICATION | {"ContainerArguments": ["a", "b"]}, SPECIFICATION | {"ContainerArguments": ["b", "a"]}
    assert identity_of(like(AlgorithmSpecification=one), KEY) != identity_of(like(AlgorithmSpecification=other), KEY)


@pytest.mark.parametrize("member", DIFFERENT)
def test_a_request_that_differs_in_a_member_that_no_attempt_may_change_is_another(member: str) -> None:
    assert identity_of(DIFFERENT[member], KEY) != identity_of(DESCRIBED, KEY)


@pytest.mark.parametrize("how", ALIKE)
def test_what_the_service_fills_in_and_what_an_attempt_may_change_make_no_difference(how: str) -> None:
    assert identity_of(ALIKE[how], KEY) == identity_of(DESCRIBED, KEY)


def test_every_member_of_a_request_is_compared_or_set_aside_for_a_reason() -> None:
    """A member that AWS adds first gets a line in ACCOUNTED, and is then compared."""
    left = {"TrainingJobName", "Tags", "EnableManagedSpotTraining", "ProfilerConfig", "ProfilerRuleConfigurations"}
    dropped = {"SessionChainingConfig"}
    for member in ACCOUNTED.keys() - left - dropped:
        evil = [{"Evil": "x"}] if member in ("InputDataConfig", "DebugRuleConfigurations") else {"Evil": "x"}
        assert identity_of(like(**{member: evil}), KEY) != identity_of(DESCRIBED, KEY), member


def test_another_key_gives_another_digest_and_the_digest_holds_no_value() -> None:
    assert identity_of(DESCRIBED, KEY) != identity_of(DESCRIBED, "another stack")
    assert "0.1" not in identity_of(DESCRIBED, KEY)
    assert identity_of(DESCRIBED, KEY) == identity_of(dict(reversed(DESCRIBED.items())), KEY)


def test_a_repeated_request_keeps_the_identity_whatever_changes() -> None:
    changes = Changes(spot=False, instance_type="ml.g5.4xlarge", volume_gb=500, subnets=("subnet-9",), checkpoint_uri="s3://c/x/")
    again = request_again(DESCRIBED, {}, name="bert-r02", lineage_tags={}, changes=changes.request())
    assert identity_of(again, KEY) == identity_of(DESCRIBED, KEY)
    assert again["ResourceConfig"]["InstanceType"] == "ml.g5.4xlarge"


def test_a_probe_has_the_probe_identity_of_the_job_that_it_is_for() -> None:
    probe = request_again(DESCRIBED, {}, name="bert-p", lineage_tags={}, changes=PROBE)
    assert identity_of(probe, KEY) == probe_identity_of(DESCRIBED, KEY)
    assert identity_of(DESCRIBED, KEY) != probe_identity_of(DESCRIBED, KEY)
    stolen = probe | {"AlgorithmSpecification": {**probe["AlgorithmSpecification"], "ContainerEntrypoint": ["sh", "-c", "mine"]}}
    assert identity_of(stolen, KEY) != probe_identity_of(DESCRIBED, KEY)


def test_the_same_inputs_are_the_same_work_with_a_slash_at_their_end_and_without() -> None:
    def reading(uri: str) -> dict[str, Any]:
        channel = {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
        return {"InputDataConfig": [channel], "OutputDataConfig": {"S3OutputPath": "s3://models/out"}}

    same = {work_of(reading(uri), "key") for uri in ("s3://data/train", "s3://data/train/")}
    assert len(same) == 1
    assert work_of(reading("s3://data/train-2"), "key") not in same
