"""A member of a description that this version does not know is noticed, at any depth, and the job is not submitted again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.aws.sagemaker.described_members import described_members, unaccounted
from controller.aws.sagemaker.jobs import SageMakerJobs
from controller.aws.sagemaker.ownership import unrepeatable
from infra.local.http_server import Response
from infra.service_models import DESCRIBED, described_document
from tests.unit.aws.answers_of_aws import answering, client

JOB: dict[str, Any] = {
    "TrainingJobName": "bert",
    "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/bert",
    "TrainingJobStatus": "InProgress",
    "SecondaryStatus": "Training",
    "CreationTime": 1_793_000_000.0,
    "LastModifiedTime": 1_793_000_000.0,
    "RoleArn": "arn:aws:iam::123456789012:role/Train",
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://a/b"}}}],
    "Environment": {"ANY": "name"},
    "HyperParameters": {"any": "name"},
}
UNKNOWN = [
    ({"QuantumConfig": {"Qubits": 3}}, ("QuantumConfig",)),
    ({"Paused": False}, ("Paused",)),
    ({"Priority": 0}, ("Priority",)),
    ({"ResourceConfig": {**JOB["ResourceConfig"], "Colour": "red"}}, ("ResourceConfig.Colour",)),
    ({"InputDataConfig": [{"ChannelName": "a"}, {"ChannelName": "b", "Cache": ["x"]}]}, ("InputDataConfig.Cache",)),
    ({"StoppingCondition": {"Grace": {"Inner": [{}, {"a": 1}]}}}, ("StoppingCondition.Grace",)),
    ({"<@U1> *hi*": "x"}, ("??U1???hi?",)),
    ({f"Member{n:02d}": 1 for n in range(30)}, tuple(f"Member{n:02d}" for n in range(10))),
]
NOTHING = [
    {},
    {"New": None},
    {"New": ""},
    {"New": []},
    {"New": {}},
    {"New": {"Inner": [""], "Other": {}}},
    {"Tags": [{"Key": "a", "Value": "b"}]},
]


@pytest.mark.slow
def test_the_table_is_that_of_the_pinned_botocore() -> None:
    assert json.loads(DESCRIBED.read_text("utf-8")) == described_document()


@pytest.mark.parametrize(("more", "paths"), UNKNOWN)
def test_a_job_with_members_that_this_version_does_not_know_is_not_repeated(more: dict[str, Any], paths: tuple[str, ...]) -> None:
    assert unaccounted({**JOB, **more}) == paths
    assert unrepeatable({**JOB, **more}, {}) == f"its description has members that this version does not know: {', '.join(paths)}"


@pytest.mark.parametrize("more", NOTHING)
def test_an_empty_member_says_nothing(more: dict[str, Any]) -> None:
    assert unaccounted({**JOB, **more}) == ()
    assert unrepeatable({**JOB, **more}, {}) is None


def test_a_member_cannot_say_that_nothing_is_unknown() -> None:
    assert unaccounted({**JOB, "unaccounted members": [], "New": 1}) == ("New",)


@pytest.mark.parametrize(("more", "paths"), [*UNKNOWN[:5], ({}, ())])
def test_what_the_model_of_the_client_drops_is_noticed_all_the_same(more: dict[str, Any], paths: tuple[str, ...]) -> None:
    def answer(body: bytes) -> Response:
        asked = json.loads(body)
        return Response(body=json.dumps({**JOB, **more} if "TrainingJobName" in asked else {"Tags": []}).encode())

    with answering(answer) as aws:
        job = SageMakerJobs(client("sagemaker", aws.url), roles=[JOB["RoleArn"]]).describe("bert")
    assert job is not None
    assert job.unaccounted == paths
    assert (job.unrepeatable or "").endswith(", ".join(paths))


def test_the_table_has_members_inside_members_and_leaves_the_users_own_maps_open() -> None:
    members = described_members()
    assert members["ResourceConfig"]["InstanceGroups"]["InstanceType"] is None
    assert (members["Environment"], members["CreationTime"]) == (None, "time")
