"""The requests that CreateTrainingJob refuses, with their messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from infra.local.sagemaker.errors import ApiError
from tests.unit.infra.local.sagemaker.requests import DETECTION, KMEANS, TYPE, request, run, world

Change = Callable[[dict[str, Any]], object]


def algorithm(image: str) -> Change:
    return lambda asked: asked["AlgorithmSpecification"].update(TrainingImage=image)


def stopping(**limits: int) -> Change:
    return lambda asked: asked.update(StoppingCondition=limits)


def resources(**more: Any) -> Change:
    return lambda asked: asked["ResourceConfig"].update(more)


def tags(*keys: str) -> Change:
    return lambda asked: asked.update(Tags=[{"Key": key, "Value": "x"} for key in keys])


def all_of(*changes: Change) -> Change:
    return lambda asked: [change(asked) for change in changes]


def on_demand(asked: dict[str, Any]) -> None:
    del asked["EnableManagedSpotTraining"]


REFUSED: dict[str, tuple[Change, str]] = {
    "a name with an underscore": (
        lambda asked: asked.update(TrainingJobName="my_job"),
        "1 validation error detected: Value 'my_job' at 'trainingJobName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
    ),
    "a name that ends with a hyphen": (lambda asked: asked.update(TrainingJobName="bert-"), "regular expression pattern"),
    "a name of 64": (
        lambda asked: asked.update(TrainingJobName="a" * 64),
        "Member must have length less than or equal to 63",
    ),
    "no name": (lambda asked: asked.pop("TrainingJobName"), "Value null at 'trainingJobName' failed to satisfy constraint"),
    "an unknown key": (lambda asked: asked.update(Tag=[]), "Value 'Tag' at '' failed to satisfy constraint"),
    "an unknown instance type": (
        resources(InstanceType="ml.nope"),
        "Value 'ml.nope' at 'resourceConfig.instanceType' failed to satisfy constraint: Member must satisfy enum value set: [",
    ),
    "a role that is none": (lambda asked: asked.update(RoleArn="arn:aws:iam::1:user/somebody"), "at 'roleArn'"),
    "51 tags": (tags(*(f"k{n}" for n in range(51))), "at 'tags' failed to satisfy constraint: Member must have length less than"),
    "a hyperparameter of 2501": (
        lambda asked: asked.update(HyperParameters={"a": "x" * 2501}),
        "at 'hyperParameters' failed to satisfy constraint: Member must have length less than or equal to 2500",
    ),
    "a hyperparameter that is a number": (
        lambda asked: asked.update(HyperParameters={"a": 1}),
        "Value '1' at 'hyperParameters' failed to satisfy constraint: Member must be a string",
    ),
    "an environment value of 513": (lambda asked: asked.update(Environment={"A": "x" * 513}), "at 'environment'"),
    "31 retries": (
        lambda asked: asked.update(RetryStrategy={"MaximumRetryAttempts": 31}),
        "'retryStrategy.maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 30",
    ),
    "no channel in InputDataConfig": (lambda asked: asked.update(InputDataConfig=[]), "length greater than or equal to 1"),
    "VpcConfig without members": (lambda asked: asked.update(VpcConfig={}), "Value null at 'vpcConfig.securityGroupIds'"),
    "an empty AlgorithmName": (
        lambda asked: asked["AlgorithmSpecification"].update(AlgorithmName=""),
        "at 'algorithmSpecification.algorithmName'",
    ),
    "a checkpoint prefix that is no URI": (
        lambda asked: asked.update(CheckpointConfig={"S3Uri": "ckpt"}),
        "at 'checkpointConfig.s3Uri'",
    ),
    "a short pending time": (stopping(MaxRuntimeInSeconds=60, MaxPendingTimeInSeconds=60), "greater than or equal to 1800"),
    "no ResourceConfig": (lambda asked: asked.pop("ResourceConfig"), "ResourceConfig is required"),
    "spot without MaxWait": (
        stopping(MaxRuntimeInSeconds=3600),
        "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
    ),
    "MaxWait below MaxRuntime": (
        stopping(MaxRuntimeInSeconds=3600, MaxWaitTimeInSeconds=3599),
        "It must be present and be greater than or equal to MaxRuntimeInSeconds",
    ),
    "MaxWait below the default runtime of a day": (
        stopping(MaxWaitTimeInSeconds=3600),
        "greater than or equal to MaxRuntimeInSeconds",
    ),
    "MaxWait without spot": (
        on_demand,
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true",
    ),
    "more than 28 days": (
        stopping(MaxRuntimeInSeconds=28 * 86_400 + 1, MaxWaitTimeInSeconds=29 * 86_400),
        "It must be at most 2419200 seconds, found 2419201.",
    ),
    "an hour and more of waiting for a built-in that cannot checkpoint": (
        all_of(algorithm(KMEANS), stopping(MaxRuntimeInSeconds=3600, MaxWaitTimeInSeconds=3601)),
        "MaxWaitTimeInSeconds above 3600 is not supported for the given algorithm",
    ),
    "a warm pool with spot": (resources(KeepAlivePeriodInSeconds=600), "KeepAlivePeriodInSeconds is not supported when"),
    "preferences with spot": (
        lambda asked: asked.update(ResourceConfig={"InstancePreferences": [{"InstanceType": TYPE}], "VolumeSizeInGB": 1}),
        "InstancePreferences is not supported when EnableManagedSpotTraining is set to true.",
    ),
    "a type beside groups": (
        resources(InstanceGroups=[{"InstanceType": TYPE, "InstanceCount": 1, "InstanceGroupName": "g"}]),
        "exactly one of InstanceType, InstanceGroups and InstancePreferences, found ['InstanceType', 'InstanceGroups']",
    ),
    "no instance": (resources(InstanceCount=0), "InstanceCount must be at least 1."),
    "a selected type": (
        resources(SelectedInstanceType=TYPE),
        "SelectedInstanceType is not accepted in CreateTrainingJob requests.",
    ),
    "a selected count": (resources(SelectedInstanceCount=1), "SelectedInstanceCount is not accepted"),
    "metric definitions for a built-in": (
        all_of(
            algorithm(DETECTION),
            lambda asked: asked["AlgorithmSpecification"].update(MetricDefinitions=[{"Name": "a", "Regex": "b"}]),
        ),
        "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request without specifying "
        "metric definitions.",
    ),
    "both a name and an image": (
        lambda asked: asked["AlgorithmSpecification"].update(AlgorithmName="mine"),
        "exactly one of AlgorithmName and TrainingImage in AlgorithmSpecification, found both.",
    ),
    "an unknown algorithm": (
        lambda asked: asked.update(AlgorithmSpecification={"AlgorithmName": "nobodys", "TrainingInputMode": "File"}),
        "Algorithm arn:aws:sagemaker:us-east-1:111122223333:algorithm/nobodys does not exist.",
    ),
    "a tag of AWS": (tags("AWS:cloudformation:stack-name"), "aws: prefixed tag key names are not allowed for external use."),
    "a tag twice": (tags("team", "team"), "Duplicate tag keys found: ['team']"),
    "serverless with spot": (
        lambda asked: asked.update(
            ServerlessJobConfig={
                "JobType": "FineTuning",
                "BaseModelArn": "arn:aws:sagemaker:us-east-1:aws:hub-content/Hub/Model/llama/1.0.0",
            }
        ),
        "is not supported together with ServerlessJobConfig.",
    ),
}


@pytest.mark.parametrize(("change", "text"), REFUSED.values(), ids=REFUSED)
def test_create_refuses(change: Change, text: str) -> None:
    here, asked = world(), request()
    change(asked)
    with pytest.raises(ApiError, match=re.escape(text)) as refused:
        here.create_training_job(asked)
    assert (refused.value.code, refused.value.status) == ("ValidationException", 400)
    assert not here.jobs


ACCEPTED: dict[str, Change] = {
    "a MaxWait that equals MaxRuntime": stopping(MaxRuntimeInSeconds=3600, MaxWaitTimeInSeconds=3600),
    "an hour for a built-in that cannot checkpoint": all_of(
        algorithm(KMEANS), stopping(MaxRuntimeInSeconds=3600, MaxWaitTimeInSeconds=3600)
    ),
    "two days for object detection with checkpoints": all_of(
        algorithm(DETECTION), stopping(MaxRuntimeInSeconds=3600, MaxWaitTimeInSeconds=172_800)
    ),
    "the same repository in somebody's own account": algorithm("123456789012.dkr.ecr.us-east-1.amazonaws.com/kmeans:1"),
    "on demand without MaxWait": all_of(on_demand, stopping(MaxRuntimeInSeconds=3600)),
    "a name of 63": lambda asked: asked.update(TrainingJobName="a" * 63),
    "tags in other scripts": tags("équipe", "チーム:1"),
}


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED)
def test_create_accepts_what_the_service_accepts(change: Change) -> None:
    here, asked = world(), request()
    change(asked)
    here.create_training_job(asked)
    assert len(here.jobs) == 1


def test_all_broken_constraints_are_reported_at_once() -> None:
    asked = request("my_job")
    asked["ResourceConfig"]["InstanceType"] = "ml.nope"
    with pytest.raises(ApiError, match=r"2 validation errors detected: .*my_job.*; .*ml.nope"):
        world().create_training_job(asked)


@pytest.mark.parametrize("code", ["ResourceInUse", "ValidationException"])
def test_a_taken_name_is_refused_under_either_code(code: str) -> None:
    here = world(taken_name_code=code)
    here.create_training_job(request())
    text = "Training job names must be unique within an AWS account and region, and a training job with this name already exists"
    with pytest.raises(ApiError, match=text) as refused:
        here.create_training_job(request())
    assert refused.value.code == code


def test_a_marketplace_algorithm_may_not_wait_longer_than_an_hour() -> None:
    here, asked = world(), request()
    asked["AlgorithmSpecification"] = {
        "AlgorithmName": here.add_algorithm("theirs", product_id="prod-1"),
        "TrainingInputMode": "File",
    }
    with pytest.raises(ApiError, match="MaxWaitTimeInSeconds above 3600 is not supported for the given algorithm"):
        here.create_training_job(asked)


def test_an_algorithm_of_our_own_may_wait() -> None:
    here, asked = world(), request()
    here.add_algorithm("ours")
    asked["AlgorithmSpecification"] = {"AlgorithmName": "ours", "TrainingInputMode": "File"}
    assert here.create_training_job(asked)


def test_a_capable_builtin_without_checkpoint_config_may_be_capped() -> None:
    asked = request(prefix=None)
    asked["AlgorithmSpecification"]["TrainingImage"] = DETECTION
    assert world(capable_needs_checkpoints=False).create_training_job(asked)
    with pytest.raises(ApiError, match="above 3600"):
        world(capable_needs_checkpoints=True).create_training_job(asked)


def test_tags_of_sagemaker_may_be_refused() -> None:
    asked = request()
    asked["Tags"] = [{"Key": "sagemaker:pipeline-execution-arn", "Value": "x"}]
    assert world(refuse_sagemaker_tags=False).create_training_job(asked)
    with pytest.raises(ApiError, match="sagemaker: prefixed tag key names are not allowed"):
        world(refuse_sagemaker_tags=True).create_training_job(asked)


def test_groups_and_plans_on_spot_may_be_refused() -> None:
    groups = request()
    groups["ResourceConfig"] = {"InstanceGroups": [{"InstanceType": TYPE, "InstanceCount": 2, "InstanceGroupName": "g"}]}
    plan = request()
    plan["ResourceConfig"]["TrainingPlanArn"] = "arn:aws:sagemaker:us-east-1:111122223333:training-plan/plan"
    for asked, setting in ((groups, "refuse_groups_on_spot"), (plan, "refuse_plans_on_spot")):
        assert world(**{setting: False}).create_training_job(asked)
        with pytest.raises(ApiError, match="is not supported when EnableManagedSpotTraining is set to true"):
            world(**{setting: True}).create_training_job(asked)


def test_spot_and_on_demand_have_quotas_of_their_own() -> None:
    here = world(quotas={f"{TYPE} for spot training job usage": 1})
    here.create_training_job(request("a"))
    here.create_training_job(request("b", spot=False))
    text = (
        f"The account-level service limit '{TYPE} for spot training job usage' is 1 Instances, with current utilization of 1 "
        "Instances and a request delta of 1 Instances."
    )
    with pytest.raises(ApiError, match=re.escape(text)) as refused:
        here.create_training_job(request("c"))
    assert refused.value.code == "ResourceLimitExceeded"
    run(here)
    assert here.create_training_job(request("c"))


def test_a_request_is_stored_as_it_was_sent() -> None:
    here, asked = world(), request()
    here.create_training_job(asked)
    asked["ResourceConfig"]["InstanceType"] = "changed"
    assert here.describe_training_job("bert")["ResourceConfig"]["InstanceType"] == TYPE
