"""Every document of a training job is read by one parser. What a document does not contain stays unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from controller.aws.sagemaker.read_job import BadDocument, DocumentKind, job_of, kind_of
from controller.jobs.algorithm import AlgorithmClass
from controller.jobs.job import Service, Usage

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROLE = "arn:aws:iam::111122223333:role/Train"
OBJECT_DETECTION = "811284229777.dkr.ecr.us-east-1.amazonaws.com/object-detection:1"

REQUEST: dict[str, Any] = {
    "TrainingJobName": "bert",
    "RoleArn": ROLE,
    "AlgorithmSpecification": {"TrainingImage": OBJECT_DETECTION, "TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://out/"},
    "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 2, "VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 172_800},
    "EnableManagedSpotTraining": True,
    "CheckpointConfig": {"S3Uri": "s3://ckpt/bert/"},
}
DESCRIPTION: dict[str, Any] = {
    **REQUEST,
    "TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/bert",
    "TrainingJobStatus": "InProgress",
    "SecondaryStatus": "Training",
    "CreationTime": AT,
    "TrainingStartTime": AT + timedelta(minutes=2),
    "LastModifiedTime": AT + timedelta(minutes=9),
    "SecondaryStatusTransitions": [{"Status": "Training", "StartTime": AT + timedelta(minutes=3), "StatusMessage": "…"}],
}
DETAIL: dict[str, Any] = {
    "TrainingJobName": "bert",
    "TrainingJobArn": "arn:aws:sagemaker:eu-west-1:111122223333:training-job/bert",
    "TrainingJobStatus": "InProgress",
    "SecondaryStatus": "Starting",
    "RoleArn": ROLE,
    "AlgorithmSpecification": {"TrainingImage": OBJECT_DETECTION},
    "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 2},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "CreationTime": 1772442000000,
    "TrainingEndTime": None,
    "Tags": {"team": "vision"},
}


def describe(**changes: Any) -> Any:
    return job_of({**DESCRIPTION, **changes}, kind=DocumentKind.DESCRIBE)


def event(**changes: Any) -> dict[str, Any]:
    return {
        "version": "0", "source": "aws.sagemaker", "detail-type": "SageMaker Training Job State Change",
        "account": "111122223333", "region": "eu-west-1", "detail": {**DETAIL, **changes},
    }  # fmt: skip


def without(document: dict[str, Any], *members: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in members}


def test_a_description_contains_every_field() -> None:
    job = describe(Tags={"team": "vision"})
    assert (job.account, job.region, job.role, job.tags) == ("111122223333", "us-east-1", ROLE, {"team": "vision"})
    assert (job.spot, job.checkpoint_uri, job.runtime_s_max, job.wait_s_max) == (True, "s3://ckpt/bert/", 3600, 172_800)
    assert (job.instance_type, job.instance_count, job.created_at) == ("ml.p3.2xlarge", 2, AT)
    assert (job.algorithm.klass, job.algorithm.checkpoints) == (AlgorithmClass.BUILT_IN, True)
    assert (job.alive, job.usage, job.ended_at, job.service, job.unrepeatable) == (True, None, None, None, None)
    assert job.unknown == frozenset()


def test_separately_read_tags_replace_the_document_s_own() -> None:
    assert job_of({**DESCRIPTION, "Tags": {"a": "b"}}, kind=DocumentKind.DESCRIBE, tags={"team": "ads"}).tags == {"team": "ads"}


def test_a_request_has_no_region_and_no_creation_time_and_its_account_is_its_roles() -> None:
    job = job_of(REQUEST, kind=DocumentKind.CREATE)
    assert (job.alive, job.account, job.unknown) == (True, "111122223333", frozenset({"region", "created_at"}))


def test_an_absent_spot_flag_is_false_in_a_description_and_a_request_and_unknown_in_an_event() -> None:
    for document, kind in ((DESCRIPTION, DocumentKind.DESCRIBE), (REQUEST, DocumentKind.CREATE)):
        job = job_of(without(document, "EnableManagedSpotTraining", "CheckpointConfig"), kind=kind)
        assert (job.spot, job.checkpoint_uri, "spot" in job.unknown, job.tags) == (False, None, False, {})
    assert job_of(event(), kind=DocumentKind.EVENT).unknown == {"spot", "checkpoint_uri", "wait_s_max", "usage", "excludes_spot"}


def test_a_shortened_event_leaves_more_fields_unknown() -> None:
    trimmed = without(DETAIL, "Tags", "ResourceConfig", "StoppingCondition", "AlgorithmSpecification", "RoleArn")
    job = job_of({**event(), "detail": trimmed}, kind=DocumentKind.EVENT)
    assert {"tags", "instance_type", "runtime_s_max", "algorithm", "role"} < job.unknown


def test_a_spot_flag_in_an_event_is_used() -> None:
    job = job_of(event(EnableManagedSpotTraining=False), kind=DocumentKind.EVENT)
    assert (job.spot, "spot" in job.unknown) == (False, False)


@pytest.mark.parametrize(
    "found",
    [
        1772442000000,
        1772442000000.0,
        "1772442000000",
        "2026-03-02T09:00:00Z",
        "2026-03-02T10:00:00+01:00",
        "2026-03-02 09:00:00",
        1772442000.0,
        AT.astimezone(timezone(timedelta(hours=-5))),
        datetime(2026, 3, 2, 9),  # noqa: DTZ001  # YAML reads a time without a zone so
    ],
    ids=str,
)
def test_a_time_is_read_in_every_shape_that_was_seen(found: Any) -> None:
    job = job_of(event(CreationTime=found), kind=DocumentKind.EVENT)
    assert (job.created_at, job.created_at.utcoffset()) == (AT, timedelta(0))


@pytest.mark.parametrize("absent", [{"TrainingStartTime": None}, {"TrainingStartTime": ""}, {}], ids=["null", "empty", "absent"])
def test_a_time_that_is_absent_is_none(absent: dict[str, Any]) -> None:
    assert job_of(event(**absent), kind=DocumentKind.EVENT).started_at is None


@pytest.mark.parametrize(
    "found", ["soon", True, [], 1e300, "9" * 40, "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1969-12-31"], ids=str
)
def test_a_time_that_is_none_is_refused(found: Any) -> None:
    with pytest.raises(BadDocument, match=r"CreationTime is .*, wanted a time: ISO 8601, or milliseconds since 1970"):
        job_of(event(CreationTime=found), kind=DocumentKind.EVENT)


@pytest.mark.parametrize("tags", [{"team": "vision"}, [{"Key": "team", "Value": "vision"}]], ids=["map", "list"])
def test_tags_are_a_map_or_a_list(tags: Any) -> None:
    assert job_of(event(Tags=tags), kind=DocumentKind.EVENT).tags == {"team": "vision"}


@pytest.mark.parametrize(
    ("changes", "service"),
    [
        ({"TuningJobArn": "arn:…"}, Service.TUNING),
        ({"AutoMLJobArn": "arn:…"}, Service.AUTOML),
        ({"LabelingJobArn": "arn:…"}, Service.LABELING),
        ({"Tags": {"aws:states:execution": "arn:…"}}, Service.STEP_FUNCTIONS),
        ({"Tags": {"AWS:something-new": "arn:…"}}, Service.AWS),
    ],
)
def test_jobs_of_other_services_are_recognised_in_every_document(changes: dict[str, Any], service: Service) -> None:
    assert describe(**changes).service is service
    assert job_of(event(**changes), kind=DocumentKind.EVENT).service is service


@pytest.mark.parametrize(
    ("changes", "service"),
    [
        ({"Tags": [{"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}]}, Service.STEP_FUNCTIONS),
        ({"Tags": {"sagemaker:pipeline-execution-arn": "arn:…"}}, Service.PIPELINES),
        ({"TrainingJobName": "pipelines-abcdefgh1234-Train-0123456789"}, Service.PIPELINES),
        ({"TrainingJobName": "AWSBatchbert0a1b"}, Service.BATCH),
    ],
)
def test_a_name_or_a_tag_only_claims_an_owner(changes: dict[str, Any], service: Service) -> None:
    for job in (describe(**changes), job_of(event(**changes), kind=DocumentKind.EVENT)):
        assert (job.service, job.claimed) == (None, service)


def test_empty_members_that_the_service_adds_count_as_absent() -> None:
    emptied = {"TrainingImage": OBJECT_DETECTION, "AlgorithmName": ""}
    job = describe(AlgorithmSpecification=emptied, FailureReason="", VpcConfig={}, CheckpointConfig={})
    assert (job.algorithm.name, job.failure, job.checkpoint_uri) == ("object-detection", None, None)


def test_unknown_members_are_ignored() -> None:
    assert describe(SomethingNew={"a": [1]}) == describe()


def test_an_algorithm_name_is_marketplace_until_it_was_described() -> None:
    named = {**DESCRIPTION, "AlgorithmSpecification": {"AlgorithmName": "theirs"}}
    unseen = job_of(named, kind=DocumentKind.DESCRIBE).algorithm
    assert (unseen.klass, unseen.checkpoints) == (AlgorithmClass.MARKETPLACE, False)
    assert "no answer of DescribeAlgorithm" in unseen.why
    assert job_of(named, kind=DocumentKind.DESCRIBE, algorithm_described=True).algorithm.klass is AlgorithmClass.OWN


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (DESCRIPTION, DocumentKind.DESCRIBE),
        (without(DESCRIPTION, "TrainingJobArn"), DocumentKind.DESCRIBE),
        ({**without(DESCRIPTION, "TrainingJobArn"), "CreationTime": "²"}, DocumentKind.DESCRIBE),
        ({**without(DESCRIPTION, "TrainingJobArn"), "CreationTime": "9" * 5_000}, DocumentKind.DESCRIBE),
        (REQUEST, DocumentKind.CREATE),
        (event(), DocumentKind.EVENT),
        ({"source": "aws.ec2", "detail": {}}, DocumentKind.EVENT),
    ],
)
def test_documents_are_told_apart_by_their_members(document: dict[str, Any], kind: DocumentKind) -> None:
    assert kind_of(document) is kind


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({}, "an empty object"),
        ({"Resources": {}, "Outputs": {}}, "an object of Resources, Outputs"),
        ({"TrainingJobName": "bert"}, "an object of TrainingJobName"),
        ("bert", "'bert'"),
        ([1], r"\[1\]"),
        (None, "absent"),
    ],
    ids=str,
)
def test_a_document_of_an_unknown_kind_is_refused_and_described(document: Any, found: str) -> None:
    with pytest.raises(BadDocument, match=rf"found {found}, wanted a .*"):
        kind_of(document)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (event(TrainingJobName=None), "an event without a job name: detail.TrainingJobName is absent"),
        ({**event(), "detail": None}, "an event without a job name: detail.TrainingJobName is absent"),
        ({**event(), "source": "aws.ec2"}, "an event whose source is 'aws.ec2', wanted 'aws.sagemaker'"),
        (
            {**event(), "detail-type": "SageMaker Transform Job State Change"},
            "an event whose detail-type is 'SageMaker T",
        ),
        ({**event(), "detail": "text"}, "detail is 'text', wanted an object with named members"),
        (event(Tags=["a"]), "Tags is ['a'], wanted a list of objects"),
        (event(Tags={"team": 7}), "Tags has 'team': 7, wanted text for a key and text for its value"),
        (event(Tags="a"), "Tags is 'a', wanted a map, or a list of Key and Value"),
    ],
)
def test_a_bad_event_is_refused_with_what_is_wrong(document: dict[str, Any], message: str) -> None:
    with pytest.raises(BadDocument) as refused:
        job_of(document, kind=DocumentKind.EVENT)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TrainingJobName": 7}, "TrainingJobName is 7, wanted the name of a training job"),
        ({"EnableManagedSpotTraining": "maybe"}, "EnableManagedSpotTraining is 'maybe', wanted true or false"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": "1h"}}, "MaxRuntimeInSeconds is '1h', wanted a whole number"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": -1}}, "MaxRuntimeInSeconds is -1, wanted a whole number, not negative"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": True}}, "MaxRuntimeInSeconds is True, wanted a whole number"),
        ({"ResourceConfig": "ml.m5.large"}, "ResourceConfig is 'ml.m5.large', wanted an object with named members"),
        ({"ResourceConfig": {"InstancePreferences": ["ml.a"]}}, "InstancePreferences is ['ml.a'], wanted a list of objects"),
        ({"CheckpointConfig": {"S3Uri": 3}}, "S3Uri is 3, wanted text"),
        ({"SecondaryStatusTransitions": {}}, "SecondaryStatusTransitions is {}, wanted a list of objects"),
    ],
)
def test_a_member_of_a_wrong_type_is_named_with_what_it_is(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadDocument) as refused:
        describe(**changes)
    assert message in str(refused.value)


@pytest.mark.parametrize("found", [10**15, "9" * 40, "9" * 9999, 10**9999, 1e300], ids=lambda found: type(found).__name__)
def test_a_number_out_of_bounds_is_read_as_the_largest_there_can_be(found: Any) -> None:
    job = describe(
        StoppingCondition={"MaxRuntimeInSeconds": found, "MaxWaitTimeInSeconds": found},
        ResourceConfig={"InstanceType": "ml.p3.2xlarge", "InstanceCount": found, "VolumeSizeInGB": found},
        TrainingTimeInSeconds=found, BillableTimeInSeconds=found,
    )  # fmt: skip
    assert (job.runtime_s_max, job.wait_s_max, job.volume_gb, job.instance_count) == (31_622_400, 31_622_400, 10**6, 10**6)
    assert job.usage == Usage(training_s=31_622_400, billable_s=31_622_400)


def test_a_number_of_ten_thousand_digits_is_named_by_its_length() -> None:
    with pytest.raises(BadDocument, match="MaxRuntimeInSeconds is a number of more than 18 digits"):
        describe(StoppingCondition={"MaxRuntimeInSeconds": -(10**9999)})
