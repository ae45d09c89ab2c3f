"""A tuning job's definitions are read as the training jobs that it starts, by the calls that the adapter really makes."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from controller.aws.sagemaker.jobs import SageMakerJobs
from controller.aws.sagemaker.tuning import tuning_job_of
from controller.jobs.algorithm import AlgorithmClass
from controller.jobs.job import Job, Service
from tests.builders import ACCOUNT, BEGIN, REGION

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hyper-parameter-tuning-job/tuner"
COUNTERS = {"Completed": 0, "InProgress": 1, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0}


def definition(**changed: Any) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {"TrainingImage": "train:1", "TrainingInputMode": "File"},
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/Train",
        "OutputDataConfig": {"S3OutputPath": "s3://acme/out"},
        "ResourceConfig": {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 2, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        "EnableManagedSpotTraining": True,
        "StaticHyperParameters": {"lr": "0.1"},
    } | changed


def described(**changed: Any) -> dict[str, Any]:
    return {
        "HyperParameterTuningJobName": "tuner", "HyperParameterTuningJobArn": ARN, "HyperParameterTuningJobStatus": "InProgress",
        "HyperParameterTuningJobConfig": {"Strategy": "Bayesian", "ResourceLimits": {"MaxParallelTrainingJobs": 1}},
        "CreationTime": BEGIN, "TrainingJobStatusCounters": COUNTERS,
        "ObjectiveStatusCounters": {"Succeeded": 0, "Pending": 1, "Failed": 0},
    } | changed  # fmt: skip


def only(**changed: Any) -> Job:
    found = tuning_job_of(described(TrainingJobDefinition=definition(**changed)), {"team": "vision"}, {})
    [(name, job)] = found.definitions
    assert name == ""
    return job


def test_a_definition_is_a_job_of_the_tuner_with_its_tags() -> None:
    job = only()
    assert (job.name, job.account, job.region, job.service) == ("tuner", ACCOUNT, REGION, Service.TUNING)
    assert (job.spot, job.runtime_s_max, job.wait_s_max, job.instance_count) == (True, 3600, 7200, 2)
    assert (job.tags, job.alive, job.created_at) == ({"team": "vision"}, True, BEGIN)


def test_several_definitions_keep_their_names() -> None:
    several = [definition(DefinitionName="wide"), definition(EnableManagedSpotTraining=False)]
    found = tuning_job_of(described(TrainingJobDefinitions=several), {}, {})
    assert [(name, job.spot) for name, job in found.definitions] == [("wide", True), ("2", False)]


def test_the_tuning_jobs_own_resources_count_and_of_several_types_none_is_known() -> None:
    one = {"InstanceConfigs": [{"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}]}
    assert only(ResourceConfig=None, HyperParameterTuningResourceConfig=one).instance_type == "ml.g5.xlarge"
    two = {
        "InstanceConfigs": [*one["InstanceConfigs"], {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}]
    }
    assert "instance_type" in only(ResourceConfig=None, HyperParameterTuningResourceConfig=two).unknown


def test_an_algorithm_of_the_marketplace_is_known_by_its_arn() -> None:
    seller = {"AlgorithmName": "arn:aws:sagemaker:us-east-1:865070037744:algorithm/x", "TrainingInputMode": "File"}
    assert only(AlgorithmSpecification=seller).algorithm.klass is AlgorithmClass.MARKETPLACE
    own = {"AlgorithmName": "mine", "TrainingInputMode": "File"}
    assert only(AlgorithmSpecification=own).algorithm.klass is AlgorithmClass.OWN


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped", "Deleting", "DeleteFailed"])
def test_a_tuning_job_that_is_over_is_not_alive(status: str) -> None:
    assert not tuning_job_of(described(HyperParameterTuningJobStatus=status), {}, {}).alive
    assert tuning_job_of(described(HyperParameterTuningJobStatus="Stopping"), {}, {}).alive


def test_two_calls_read_a_tuning_job_and_one_that_is_gone_is_none() -> None:
    client = boto3.client("sagemaker", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        asked = {"HyperParameterTuningJobName": "tuner"}
        stub.add_response("describe_hyper_parameter_tuning_job", described(TrainingJobDefinition=definition()), asked)
        stub.add_response("list_tags", {"Tags": [{"Key": "team", "Value": "vision"}]}, {"ResourceArn": ARN})
        found = SageMakerJobs(client).tuning("tuner")
        assert found is not None
        assert found.definitions[0][1].tags == {"team": "vision"}
        stub.add_client_error("describe_hyper_parameter_tuning_job", "ResourceNotFound", "Requested resource not found.")
        assert SageMakerJobs(client).tuning("tuner") is None


def test_a_definition_that_cannot_be_read_leaves_the_others_and_says_why() -> None:
    several = [
        definition(DefinitionName="a"),
        definition(DefinitionName="b", ResourceConfig={"InstanceType": 7}),
        definition(DefinitionName="c"),
    ]
    found = tuning_job_of(described(TrainingJobDefinitions=several), {}, {})
    assert [name for name, _ in found.definitions] == ["a", "c"]
    [why] = found.unread
    assert why.startswith("b: InstanceType is 7, wanted text")
