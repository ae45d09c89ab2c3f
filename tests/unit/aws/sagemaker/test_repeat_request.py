"""A job's description becomes a request that CreateTrainingJob accepts: one test for each way in which it would not."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from controller.aws.sagemaker.repeat_request import (
    ACCOUNTED,
    TAGS_MAX,
    USER_MAPS,
    MemberKind,
    request_again,
    tags_again,
    without_metric_definitions,
)

MODEL = botocore.session.get_session().get_service_model("sagemaker")
CREATE = MODEL.shape_for("CreateTrainingJobRequest")
DESCRIBE = MODEL.shape_for("DescribeTrainingJobResponse")

CUSTOM_IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/ours:3"
BUILT_IN_IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/object-detection:1"
XGBOOST_IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
METRICS = [{"Name": "loss", "Regex": "loss=(.*)"}]
AT = datetime(2026, 11, 1, 12, tzinfo=UTC)

FULL: Mapping[str, Any] = {
    "TrainingJobName": "bert",
    "TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/bert",
    "ModelArtifacts": {"S3ModelArtifacts": "s3://acme/out/bert/output/model.tar.gz"},
    "TrainingJobStatus": "Stopped",
    "SecondaryStatus": "MaxWaitTimeExceeded",
    "HyperParameters": {"epochs": "3", "suffix": "", "sagemaker_job_name": '"bert"', "sagemaker_program": '"train.py"'},
    "AlgorithmSpecification": {
        "TrainingImage": CUSTOM_IMAGE,
        "TrainingInputMode": "File",
        "MetricDefinitions": METRICS,
        "EnableSageMakerMetricsTimeSeries": False,
        "ContainerEntrypoint": ["python", ""],
        "ContainerArguments": [],
        "AlgorithmName": "",
    },
    "RoleArn": "arn:aws:iam::111122223333:role/train",
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": "s3://acme/train/",
                    "S3DataDistributionType": "FullyReplicated",
                    "AttributeNames": [],
                    "ModelAccessConfig": {"AcceptEula": True},
                    "HubAccessConfig": {"HubContentArn": "arn:aws:sagemaker:us-east-1:aws:hub-content/h/Model/m/1"},
                }
            },
            "ContentType": "",
            "CompressionType": "None",
            "RecordWrapperType": "None",
        }
    ],
    "OutputDataConfig": {"KmsKeyId": "", "S3OutputPath": "s3://acme/out/", "CompressionType": "GZIP"},
    "ResourceConfig": {
        "InstanceType": "ml.g5.2xlarge",
        "InstanceCount": 2,
        "VolumeSizeInGB": 100,
        "VolumeKmsKeyId": "",
        "KeepAlivePeriodInSeconds": 0,
        "InstanceGroups": [],
        "SelectedInstanceType": "ml.g5.2xlarge",
        "SelectedInstanceCount": 2,
    },
    "VpcConfig": {"SecurityGroupIds": ["sg-0123456789"], "Subnets": ["subnet-0123456789"]},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200, "MaxPendingTimeInSeconds": 7200},
    "CreationTime": AT,
    "LastModifiedTime": AT,
    "SecondaryStatusTransitions": [{"Status": "Starting", "StartTime": AT}],
    "FinalMetricDataList": [{"MetricName": "loss", "Value": 0.1, "Timestamp": AT}],
    "EnableNetworkIsolation": False,
    "EnableInterContainerTrafficEncryption": False,
    "EnableManagedSpotTraining": True,
    "CheckpointConfig": {"S3Uri": "s3://acme/checkpoints/bert/", "LocalPath": "/opt/ml/checkpoints/"},
    "TrainingTimeInSeconds": 10,
    "BillableTimeInSeconds": 3,
    "DebugHookConfig": {
        "S3OutputPath": "s3://acme/debug/",
        "LocalPath": "",
        "HookParameters": {"save_interval": ""},
        "CollectionConfigurations": [{"CollectionName": "losses", "CollectionParameters": {"end_step": ""}}],
    },
    "DebugRuleConfigurations": [
        {
            "RuleConfigurationName": "LossNotDecreasing",
            "RuleEvaluatorImage": "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest",
            "InstanceType": "",
            "VolumeSizeInGB": 0,
            "RuleParameters": {"rule_to_invoke": "LossNotDecreasing", "regex": ""},
        }
    ],
    "DebugRuleEvaluationStatuses": [],
    "TensorBoardOutputConfig": {"S3OutputPath": "s3://acme/tensorboard/", "LocalPath": ""},
    "ExperimentConfig": {"ExperimentName": "nlp", "TrialName": "bert", "TrialComponentDisplayName": "bert"},
    "ProfilerConfig": {"S3OutputPath": "s3://acme/profile/", "ProfilingParameters": {"DataloaderProfilingConfig": ""}},
    "ProfilerRuleConfigurations": [
        {
            "RuleConfigurationName": "ProfilerReport",
            "RuleEvaluatorImage": "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest",
            "VolumeSizeInGB": 0,
        }
    ],
    "ProfilerRuleEvaluationStatuses": [],
    "ProfilingStatus": "Enabled",
    "Environment": {"MODE": "", "HOME": "/root"},
    "RetryStrategy": {"MaximumRetryAttempts": 2},
    "RemoteDebugConfig": {"EnableRemoteDebug": False},
    "InfraCheckConfig": {"EnableInfraCheck": True},
    "MlflowConfig": {"MlflowResourceArn": "arn:aws:sagemaker:us-east-1:111122223333:mlflow-tracking-server/m"},
    "ModelPackageConfig": {"ModelPackageGroupArn": "arn:aws:sagemaker:us-east-1:111122223333:model-package-group/g"},
    "ResponseMetadata": {"HTTPStatusCode": 200},
}
LEAN: Mapping[str, Any] = {
    "TrainingJobName": "lean",
    "AlgorithmSpecification": {"TrainingImage": CUSTOM_IMAGE, "TrainingInputMode": "File"},
    "RoleArn": "arn:aws:iam::111122223333:role/train",
    "InputDataConfig": [],
    "VpcConfig": {},
    "OutputDataConfig": {"KmsKeyId": "", "S3OutputPath": "s3://acme/out/"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "EnableManagedSpotTraining": False,
}
LINEAGE = {"spotwarden:lineage": "111122223333/us-east-1/bert/2026-11-01T12:00:00.000000Z"}


def again(described: Mapping[str, Any], tags: Mapping[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    return request_again({**described, **changes}, tags or {}, name="bert-0a1b2c3d-r02", lineage_tags=LINEAGE)


def with_inner(member: str, **changes: Any) -> dict[str, Any]:
    return {member: {**FULL[member], **changes}}


def members(shape: Any, name: str = "", seen: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Walk a botocore shape: every member at any depth, with its name."""
    yield name, shape
    if shape.name in seen:
        return
    if shape.type_name == "structure":
        for key, inner in shape.members.items():
            yield from members(inner, key, (*seen, shape.name))
    elif shape.type_name == "list":
        yield from members(shape.member, name, (*seen, shape.name))


# the table against AWS's own model


def test_every_member_of_the_create_request_is_accounted_for() -> None:
    """A member that a new botocore adds makes this test fail, until ACCOUNTED says what happens to it."""
    assert set(ACCOUNTED) == set(CREATE.members)


def test_every_handling_of_a_member_has_a_reason() -> None:
    assert all(handling.why for handling in ACCOUNTED.values())


def test_copied_and_edited_members_are_in_a_description_except_name_and_tags() -> None:
    sent = {member for member, handling in ACCOUNTED.items() if handling.kind is not MemberKind.DROPPED}
    assert sent - set(DESCRIBE.members) == {"Tags"}


def test_every_map_in_the_request_is_known_as_the_users() -> None:
    assert {name for name, shape in members(CREATE) if shape.type_name == "map"} == USER_MAPS


def test_the_full_description_has_every_member_that_can_be_sent() -> None:
    sent = {member for member, handling in ACCOUNTED.items() if handling.kind is not MemberKind.DROPPED}
    assert sent - {"Tags"} <= set(FULL)


@pytest.mark.parametrize("described", [FULL, LEAN], ids=["full", "lean"])
def test_botocore_takes_the_rebuilt_request(described: Mapping[str, Any]) -> None:
    report = ParamValidator().validate(again(described, {"team": "nlp"}), CREATE)
    assert not report.has_errors(), report.generate_report()


def test_a_lean_job_becomes_a_lean_request() -> None:
    assert again(LEAN) == {
        "TrainingJobName": "bert-0a1b2c3d-r02",
        "AlgorithmSpecification": {"TrainingImage": CUSTOM_IMAGE, "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::111122223333:role/train",
        "OutputDataConfig": {"S3OutputPath": "s3://acme/out/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "Tags": [{"Key": key, "Value": value} for key, value in LINEAGE.items()],
        "EnableManagedSpotTraining": False,
    }


WHOLE = [
    "RoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "Environment",
    "RetryStrategy",
    "RemoteDebugConfig",
    "InfraCheckConfig",
    "MlflowConfig",
    "ModelPackageConfig",
]


@pytest.mark.parametrize("member", WHOLE)
def test_a_copied_member_without_empties_arrives_exactly_as_described(member: str) -> None:
    assert ACCOUNTED[member].kind is MemberKind.COPIED
    assert again(FULL)[member] == FULL[member]


# one test per trap


def test_built_ins_get_no_metric_definitions() -> None:
    sent = again(FULL, **with_inner("AlgorithmSpecification", TrainingImage=BUILT_IN_IMAGE))
    assert "MetricDefinitions" not in sent["AlgorithmSpecification"]


def test_xgboost_gets_no_metric_definitions_in_script_mode_either() -> None:
    sent = again(FULL, **with_inner("AlgorithmSpecification", TrainingImage=XGBOOST_IMAGE))
    assert "MetricDefinitions" not in sent["AlgorithmSpecification"]


def test_custom_images_keep_their_metric_definitions() -> None:
    assert again(FULL)["AlgorithmSpecification"]["MetricDefinitions"] == METRICS


def test_metric_definitions_can_be_taken_out_for_the_second_try() -> None:
    request = again(FULL)
    assert "MetricDefinitions" not in without_metric_definitions(request)["AlgorithmSpecification"]
    assert request["AlgorithmSpecification"]["MetricDefinitions"] == METRICS


def test_the_selected_instances_are_not_sent_back() -> None:
    assert set(again(FULL)["ResourceConfig"]) == {"InstanceType", "InstanceCount", "VolumeSizeInGB"}


def test_a_count_of_zero_instances_means_that_none_was_given() -> None:
    assert "InstanceCount" not in again(FULL, **with_inner("ResourceConfig", InstanceCount=0))["ResourceConfig"]


def test_instance_preferences_are_sent_without_a_type_beside_them() -> None:
    preferences = [{"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1}]
    changes = with_inner("ResourceConfig", InstancePreferences=preferences, InstancePlacementConfig={"EnableMultipleJobs": True})
    sent = again(FULL, EnableManagedSpotTraining=False, **changes)["ResourceConfig"]
    assert sent["InstancePreferences"] == preferences
    assert not {"InstanceType", "InstancePlacementConfig"} & set(sent)


@pytest.mark.parametrize("empty", [[], None])
def test_no_channels_means_no_input_member(empty: Any) -> None:
    assert "InputDataConfig" not in again(FULL, InputDataConfig=empty)


@pytest.mark.parametrize("empty", [{}, {"SecurityGroupIds": [], "Subnets": []}, None])
def test_no_network_means_no_vpc_member(empty: Any) -> None:
    assert "VpcConfig" not in again(FULL, VpcConfig=empty)


def test_empty_texts_and_lists_go_at_any_depth() -> None:
    sent = again(FULL)
    source = sent["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert "AttributeNames" not in source
    assert "ContentType" not in sent["InputDataConfig"][0]
    assert "KmsKeyId" not in sent["OutputDataConfig"]
    assert "ContainerArguments" not in sent["AlgorithmSpecification"]


def test_an_empty_text_inside_a_users_map_or_command_stays() -> None:
    sent = again(FULL)
    assert (sent["HyperParameters"]["suffix"], sent["Environment"]["MODE"]) == ("", "")
    assert sent["AlgorithmSpecification"]["ContainerEntrypoint"] == ["python", ""]
    assert sent["DebugHookConfig"]["CollectionConfigurations"][0]["CollectionParameters"] == {"end_step": ""}


def test_false_is_not_empty() -> None:
    assert again(FULL)["EnableNetworkIsolation"] is False


def test_the_text_none_is_a_value_of_record_wrapper_and_compression() -> None:
    channel = again(FULL)["InputDataConfig"][0]
    assert (channel["RecordWrapperType"], channel["CompressionType"]) == ("None", "None")


def test_rules_go_without_a_volume_of_zero_gigabytes() -> None:
    sent = again(FULL)
    rules = sent["DebugRuleConfigurations"] + sent["ProfilerRuleConfigurations"]
    assert [rule["RuleConfigurationName"] for rule in rules] == ["LossNotDecreasing", "ProfilerReport"]
    assert all("VolumeSizeInGB" not in rule and "InstanceType" not in rule for rule in rules)


def test_a_rules_real_volume_stays() -> None:
    rules = [{**FULL["DebugRuleConfigurations"][0], "VolumeSizeInGB": 30}]
    assert again(FULL, DebugRuleConfigurations=rules)["DebugRuleConfigurations"][0]["VolumeSizeInGB"] == 30


def test_an_algorithm_name_excludes_the_image_described_beside_it() -> None:
    sent = again(FULL, **with_inner("AlgorithmSpecification", AlgorithmName="vision-pro"))["AlgorithmSpecification"]
    assert sent["AlgorithmName"] == "vision-pro"
    assert "TrainingImage" not in sent


def test_an_empty_algorithm_name_leaves_the_image() -> None:
    sent = again(FULL)["AlgorithmSpecification"]
    assert sent["TrainingImage"] == CUSTOM_IMAGE
    assert "AlgorithmName" not in sent


@pytest.mark.parametrize(
    "off", [{"ProfilingStatus": "Disabled"}, {"ProfilerConfig": {"DisableProfiler": True, "S3OutputPath": "s3://a/"}}]
)
def test_a_profiler_that_was_off_stays_off_and_brings_no_rules(off: Mapping[str, Any]) -> None:
    sent = again(FULL, **off)
    assert sent["ProfilerConfig"] == {"DisableProfiler": True}
    assert "ProfilerRuleConfigurations" not in sent


def test_a_profiler_that_was_on_stays_on() -> None:
    assert again(FULL)["ProfilerConfig"]["S3OutputPath"] == "s3://acme/profile/"


def test_the_same_trial_is_used_without_the_display_name() -> None:
    assert again(FULL)["ExperimentConfig"] == {"ExperimentName": "nlp", "TrialName": "bert"}


def test_the_stale_job_name_among_the_hyperparameters_is_rewritten_as_json() -> None:
    assert again(FULL)["HyperParameters"]["sagemaker_job_name"] == '"bert-0a1b2c3d-r02"'


def test_no_hyperparameters_are_added_to_a_job_without_them() -> None:
    assert again(FULL, HyperParameters={"epochs": "3"})["HyperParameters"] == {"epochs": "3"}


def test_a_tuners_hyperparameter_is_left_out() -> None:
    assert "HyperParameters" not in again(FULL, HyperParameters={"_tuning_objective_metric": "loss"})


def test_a_limit_on_waiting_goes_where_spot_is_off() -> None:
    sent = again(FULL, EnableManagedSpotTraining=False)
    assert sent["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxPendingTimeInSeconds": 7200}


def test_a_limit_on_waiting_stays_where_spot_is_on() -> None:
    assert again(FULL)["StoppingCondition"]["MaxWaitTimeInSeconds"] == 7200


def test_licences_and_hub_access_of_a_channel_survive() -> None:
    source = again(FULL)["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert source["ModelAccessConfig"] == {"AcceptEula": True}
    assert "HubContentArn" in source["HubAccessConfig"]


def test_members_that_only_a_description_has_are_never_sent() -> None:
    assert set(again({**FULL, "SomethingNew": 1})) <= set(CREATE.members)


def test_a_serverless_config_is_never_sent() -> None:
    assert "ServerlessJobConfig" not in again(FULL, ServerlessJobConfig={"BaseModelArn": "arn", "JobType": "FineTuning"})


def test_the_description_is_left_as_it_was() -> None:
    before = json.dumps(FULL, default=str)
    request = again(FULL)
    request["HyperParameters"]["epochs"] = "4"
    request["InputDataConfig"][0]["ChannelName"] = "test"
    assert json.dumps(FULL, default=str) == before


@pytest.mark.parametrize("name", ["", "a" * 64, "under_score", "-x", "x-", "два", "x\n"])
def test_a_name_that_sagemaker_would_refuse_is_refused_here(name: str) -> None:
    with pytest.raises(ValueError, match="wanted 1 to 63 letters") as refusal:
        request_again(LEAN, {}, name=name, lineage_tags={})
    assert repr(name) in str(refusal.value)


# tags


def test_aws_tags_in_any_case_and_owners_tags_are_left_with_their_reason() -> None:
    tags = {"team": "nlp", "aws:cloudformation:stack-id": "x", "AWS:created": "x", "MANAGED_BY_AWS": "x"}
    kept, left = tags_again(tags, LINEAGE)
    assert kept == {**LINEAGE, "team": "nlp"}
    assert left == {
        "aws:cloudformation:stack-id": "reserved for AWS",
        "AWS:created": "reserved for AWS",
        "MANAGED_BY_AWS": "would mark the job as owned by Step Functions",
    }


def test_the_new_lineage_tag_replaces_that_of_an_older_attempt() -> None:
    kept, left = tags_again(dict.fromkeys(LINEAGE, "old"), LINEAGE)
    assert (kept, left) == (LINEAGE, {})


def test_of_more_than_fifty_tags_the_controller_s_stay_and_the_dropped_ones_are_reported() -> None:
    kept, left = tags_again({f"tag-{n:02d}": "x" for n in range(50)}, LINEAGE)
    assert len(kept) == TAGS_MAX
    assert set(LINEAGE) <= set(kept)
    assert left == {"tag-49": "a job takes 50 tags"}


@pytest.mark.parametrize("tags", [{"k": "a,b"}, {"": "v"}, {"k" * 129: "v"}, {"k": "v" * 257}])
def test_a_lineage_tag_that_sagemaker_would_refuse_is_refused_here(tags: Mapping[str, str]) -> None:
    with pytest.raises(ValueError, match="found lineage tag"):
        tags_again({}, tags)
