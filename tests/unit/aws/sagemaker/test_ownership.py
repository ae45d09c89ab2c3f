"""A job of another service, or one that cannot run again with the same request, is never repeated."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from controller.aws.sagemaker.ownership import OWNER_TAGS, claimed_service, made_by_step, service_of, unrepeatable
from controller.jobs.job import Service
from tests.builders import BEGIN, job

RESOURCES: Mapping[str, Any] = {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10}
JOB: Mapping[str, Any] = {
    "TrainingJobName": "bert",
    "AlgorithmSpecification": {
        "TrainingImage": "111122223333.dkr.ecr.us-east-1.amazonaws.com/ours:3",
        "TrainingInputMode": "File",
    },
    "ResourceConfig": {**RESOURCES, "KeepAlivePeriodInSeconds": 0, "InstanceGroups": []},
}

MADE = job("step", created_at=BEGIN)
STEP = {"Metadata": {"TrainingJob": {"Arn": MADE.arn}}, "StartTime": BEGIN, "EndTime": BEGIN + timedelta(hours=1)}


def with_resources(**changes: Any) -> dict[str, Any]:
    return {"ResourceConfig": {**RESOURCES, **changes}}


@pytest.mark.parametrize(
    ("changes", "tags", "service"),
    [
        ({"TuningJobArn": "arn:..."}, {}, Service.TUNING),
        ({"AutoMLJobArn": "arn:..."}, {}, Service.AUTOML),
        ({"LabelingJobArn": "arn:..."}, {}, Service.LABELING),
        ({}, {"aws:batch:job-id": "1"}, Service.BATCH),
        ({}, {"Aws:SageMaker:Pipeline-execution-arn": "arn:..."}, Service.PIPELINES),
        ({}, {"aws:cloudformation:stack-name": "acme", "aws:newer": "1"}, Service.AWS),
    ],
)
def test_a_job_of_another_service_is_recognised_and_not_repeated(
    changes: Mapping[str, Any], tags: Mapping[str, str], service: Service
) -> None:
    described = {**JOB, **changes}
    assert service_of(described, tags) is service
    assert unrepeatable(described, tags) == f"it belongs to {service}, which would not know about a second job"


@pytest.mark.parametrize(("region", "account"), [("eu-west-1", "111122223333"), ("us-east-1", "999999999999")])
def test_an_owner_of_another_account_or_region_is_only_claimed(region: str, account: str) -> None:
    tuner = f"arn:aws:sagemaker:{region}:{account}:hyper-parameter-tuning-job/tuner"
    described = {**JOB, "TrainingJobArn": MADE.arn, "TuningJobArn": tuner}
    assert service_of(described, {}) is None
    assert claimed_service(described, {}) is Service.TUNING


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        ({}, True),
        ({"EndTime": None}, True),
        ({"StartTime": BEGIN.timestamp()}, True),
        ({"Metadata": None}, False),
        ({"Metadata": {"TrainingJob": {"Arn": MADE.arn.upper()}}}, False),
        ({"StartTime": BEGIN + timedelta(hours=1)}, False),
        ({"StartTime": BEGIN - timedelta(days=1), "EndTime": BEGIN - timedelta(hours=1)}, False),
        ({"CacheHitResult": {"SourcePipelineExecutionArn": "arn:..."}}, False),
    ],
)
def test_a_step_made_a_job_that_was_created_while_it_ran(changes: Mapping[str, Any], made: bool) -> None:
    assert made_by_step({**STEP, **changes}, MADE) is made


@pytest.mark.parametrize("key", ["aws:cloudformation:stack-id", "aws:servicecatalog:productArn", "aws:createdBy", "awsome"])
def test_what_a_job_was_deployed_with_owns_nothing(key: str) -> None:
    assert service_of(JOB, {key: "x"}) is None
    assert unrepeatable(JOB, {key: "x"}) is None


@pytest.mark.parametrize(
    ("changes", "tags", "service"),
    [
        ({}, {"sagemaker:pipeline-execution-arn": "arn:..."}, Service.PIPELINES),
        ({}, {"sagemaker:notebook-job-origin": "true"}, Service.NOTEBOOK),
        ({"TrainingJobName": "pipelines-abc123def456-TrainStep-0Ab1Cd2Ef3"}, {}, Service.PIPELINES),
        ({}, {"MANAGED_BY_AWS": "STARTED_BY_STEP_FUNCTIONS"}, Service.STEP_FUNCTIONS),
        ({}, {"AWS_STEP_FUNCTIONS_EXECUTION_ARN": "arn:..."}, Service.STEP_FUNCTIONS),
        ({"TrainingJobName": "AWSBatchtrain0a1b2c"}, {}, Service.BATCH),
    ],
)
def test_a_job_that_claims_an_owner_has_none_that_is_proved_and_is_not_repeated(
    changes: Mapping[str, Any], tags: Mapping[str, str], service: Service
) -> None:
    described = {**JOB, **changes}
    assert service_of(described, tags) is None
    assert claimed_service(described, tags) is service
    assert unrepeatable(described, tags) == f"its name or tags say that it belongs to {service}, which may retry it"


@pytest.mark.parametrize("name", ["pipelines-are-fun", "pipelines-abc123def456-TrainStep-0Ab1Cd2Ef3-mine", "my-AWSBatch"])
def test_a_name_that_only_looks_like_a_services_belongs_to_nobody(name: str) -> None:
    assert claimed_service({**JOB, "TrainingJobName": name}, {"team": "nlp"}) is None


def test_every_owner_tag_is_of_a_service() -> None:
    assert set(OWNER_TAGS.values()) == {Service.PIPELINES, Service.STEP_FUNCTIONS, Service.NOTEBOOK}


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"ServerlessJobConfig": {"JobType": "FineTuning"}}, "ServerlessJobConfig"),
        (with_resources(InstanceGroups=[{"InstanceGroupName": "a"}]), "InstanceGroups"),
        (with_resources(TrainingPlanArn="arn:..."), "TrainingPlanArn"),
        (with_resources(InstancePreferences=[{"TrainingPlanArns": ["arn:..."]}]), "TrainingPlanArn"),
        (with_resources(KeepAlivePeriodInSeconds=600), "KeepAlivePeriodInSeconds"),
        ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "names neither TrainingImage nor AlgorithmName"),
    ],
)
def test_a_job_that_cannot_run_again_as_it_was_is_refused_with_the_reason(changes: Mapping[str, Any], part: str) -> None:
    reason = unrepeatable({**JOB, **changes}, {})
    assert reason is not None
    assert part in reason


def test_an_ordinary_job_may_be_repeated() -> None:
    assert unrepeatable(JOB, {"team": "nlp"}) is None
