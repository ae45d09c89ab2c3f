"""Every document of a training job is read by one parser. What a document does not contain stays unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from controller.aws.sagemaker.read_job import BadDocument, DocumentKind, job_of, kind_of
from controller.jobs.algorithm import AlgorithmClass
from controller.jobs.job import Outcome, Service, Usage

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


def test_usage_is_known_once_both_of_its_fields_are_present() -> None:
    assert describe(TrainingTimeInSeconds=2423).usage is None
    assert describe(BillableTimeInSeconds=837).usage is None
    both = describe(TrainingTimeInSeconds=2423, BillableTimeInSeconds=0)
    assert both.usage == Usage(training_s=2423, billable_s=0)


def test_interruptions_are_counted_from_the_transitions() -> None:
    times = [AT + timedelta(minutes=m) for m in (5, 20)]
    lines = [{"Status": status, "StartTime": at} for at in times for status in ("Training", "Interrupted")]
    assert describe(SecondaryStatusTransitions=lines).interrupted_at == tuple(times)


def test_an_interval_whose_end_is_left_out_ends_where_the_next_status_begins() -> None:
    begins = [("Starting", 0), ("Training", 5), ("Interrupted", 65), ("Starting", 90), ("Training", 95)]
    lines = [{"Status": status, "StartTime": AT + timedelta(minutes=m)} for status, m in begins]
    trained = [(i.start, i.end) for i in describe(SecondaryStatusTransitions=lines).intervals]
    assert trained == [(AT + timedelta(minutes=5), AT + timedelta(minutes=65)), (AT + timedelta(minutes=95), None)]
    lines[1]["EndTime"] = AT + timedelta(minutes=60)
    assert describe(SecondaryStatusTransitions=lines).intervals[0].end == AT + timedelta(minutes=60)


def test_a_stop_began_when_the_transition_says() -> None:
    at = AT + timedelta(minutes=5)
    assert describe(SecondaryStatusTransitions=[{"Status": "Stopping", "StartTime": at}]).stopping_at == at
    assert describe(TrainingJobStatus="Stopping").stopping_at == DESCRIPTION["LastModifiedTime"]
    assert describe().stopping_at is None


def test_a_job_that_never_trained_ended_with_its_last_transition() -> None:
    starved = {"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxWaitTimeExceeded", "TrainingStartTime": None}
    last = {"Status": "Stopping", "StartTime": AT + timedelta(hours=1), "EndTime": AT + timedelta(hours=2)}
    job = describe(**starved, SecondaryStatusTransitions=[last])
    assert (job.outcome, job.ended_at) == (Outcome.STARVED, AT + timedelta(hours=2))
    assert describe(**starved, SecondaryStatusTransitions=[]).ended_at == DESCRIPTION["LastModifiedTime"]
    assert describe(**starved, TrainingEndTime=AT).ended_at == AT
    assert describe(TrainingEndTime=AT).ended_at is None, "a job that is alive has not ended"


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


def test_the_selected_instances_replace_the_requested_ones() -> None:
    selected = describe(ResourceConfig={"InstanceType": "ml.a", "SelectedInstanceType": "ml.b", "SelectedInstanceCount": 4})
    assert (selected.instance_type, selected.instance_count) == ("ml.b", 4)


def test_groups_of_several_types_are_heterogeneous_and_their_type_is_unknown() -> None:
    groups = [{"InstanceType": "ml.a", "InstanceCount": 2}, {"InstanceType": "ml.b", "InstanceCount": 3}]
    mixed = describe(ResourceConfig={"InstanceGroups": groups, "InstanceCount": 0})
    assert (mixed.instance_type, mixed.instance_count) == ("heterogeneous", 5)
    assert "instance_type" in mixed.unknown
    assert "heterogeneous" in mixed.unrepeatable
    alike = describe(ResourceConfig={"InstanceGroups": [groups[0], groups[0]]})
    assert (alike.instance_type, alike.instance_count, alike.unknown) == ("ml.a", 4, {"tags"})


def test_a_type_that_sagemaker_has_yet_to_choose_is_unknown() -> None:
    job = describe(ResourceConfig={"InstancePreferences": [{"InstanceType": "ml.a"}, {"InstanceType": "ml.b"}]})
    assert (job.instance_type, job.unknown) == ("flexible", {"instance_type", "tags"})


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
    assert "DescribeAlgorithm not seen" in unseen.why
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


@pytest.mark.parametrize("shown_as", ["Pending", "Starting"])
@pytest.mark.parametrize(
    ("secondary", "pending_s", "outcome"),
    [
        ("PendingTimeout", 1700, Outcome.CAPACITY),
        ("InsufficientCapacity", 600, Outcome.CAPACITY),
        ("Stopped", 1800, Outcome.CAPACITY),
        ("Stopped", 600, Outcome.STOPPED),
        ("MaxPendingTimeExceeded", 1800, Outcome.CAPACITY),
        ("MaxRuntimeExceeded", 1800, Outcome.CAPACITY),
        ("MaxWaitTimeExceeded", 1800, Outcome.STARVED),
    ],
)
def test_a_job_that_was_pending_until_its_limit_found_no_capacity(
    secondary: str, pending_s: int, outcome: Outcome, shown_as: str
) -> None:
    stopped_at = AT + timedelta(seconds=pending_s)
    never = without(DESCRIPTION, "TrainingStartTime") | {
        "TrainingJobStatus": "Stopped",
        "SecondaryStatus": secondary,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxPendingTimeInSeconds": 1800},
        "SecondaryStatusTransitions": [
            {"Status": shown_as, "StartTime": AT, "EndTime": stopped_at, "StatusMessage": ""},
            {"Status": "Stopped", "StartTime": stopped_at, "EndTime": stopped_at, "StatusMessage": ""},
        ],
    }
    assert job_of(never, kind=DocumentKind.DESCRIBE).outcome is outcome


@pytest.mark.parametrize(
    ("status", "message", "outcome"),
    [
        ("Stopped", "The job was stopped because it was pending for longer than MaxPendingTimeInSeconds", Outcome.CAPACITY),
        ("Stopping", "Insufficient capacity error from EC2 while launching instances", Outcome.CAPACITY),
        ("Stopped", "Training job stopped", Outcome.STOPPED),
        ("Starting", "Insufficient capacity error from EC2 while launching instances, retrying!", Outcome.STOPPED),
    ],
)
def test_the_message_of_its_end_says_that_a_job_found_no_capacity(status: str, message: str, outcome: Outcome) -> None:
    never = without(DESCRIPTION, "TrainingStartTime") | {
        "TrainingJobStatus": "Stopped", "SecondaryStatus": "Stopped",
        "SecondaryStatusTransitions": [{"Status": status, "StartTime": AT, "EndTime": AT, "StatusMessage": message}],
    }  # fmt: skip
    assert job_of(never, kind=DocumentKind.DESCRIBE).outcome is outcome


@pytest.mark.parametrize(("pending_s", "outcome"), [(1800, Outcome.CAPACITY), (600, Outcome.STOPPED)])
def test_a_wait_without_an_end_lasted_until_the_job_was_stopped(pending_s: int, outcome: Outcome) -> None:
    stopped_at = AT + timedelta(seconds=pending_s)
    never = without(DESCRIPTION, "TrainingStartTime") | {
        "TrainingJobStatus": "Stopped", "SecondaryStatus": "Stopped",
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxPendingTimeInSeconds": 1800},
        "SecondaryStatusTransitions": [
            {"Status": "Pending", "StartTime": AT, "StatusMessage": ""},
            {"Status": "Stopped", "StartTime": stopped_at, "EndTime": stopped_at, "StatusMessage": ""},
        ],
    }  # fmt: skip
    assert job_of(never, kind=DocumentKind.DESCRIBE).outcome is outcome


def test_a_job_that_was_stopped_for_want_of_capacity_says_so_in_its_reason_too() -> None:
    never = without(DESCRIPTION, "TrainingStartTime") | {"TrainingJobStatus": "Stopped", "SecondaryStatus": "Stopped"}
    reason = "CapacityError: Unable to provision requested ML compute capacity."
    assert job_of(never | {"FailureReason": reason}, kind=DocumentKind.DESCRIBE).outcome is Outcome.CAPACITY
    assert job_of(never, kind=DocumentKind.DESCRIBE).outcome is Outcome.STOPPED


def test_a_job_that_trained_was_not_stopped_for_its_pending_limit() -> None:
    assert describe(TrainingJobStatus="Stopped", SecondaryStatus="Stopped").outcome is Outcome.STOPPED


def test_a_warm_pool_that_still_waits_has_no_final_usage() -> None:
    used = {"TrainingJobStatus": "Completed", "TrainingTimeInSeconds": 60, "BillableTimeInSeconds": 60}
    pool = {"Status": "Available", "ResourceRetainedBillableTimeInSeconds": 100}
    assert describe(**used, WarmPoolStatus=pool).usage is None
    assert describe(**used, WarmPoolStatus={"Status": "InUse"}).usage is None  # it becomes Available after the end
    assert describe(**used, WarmPoolStatus={**pool, "Status": "Terminated"}).usage == Usage(
        training_s=60, billable_s=60, retained_s=100
    )


@pytest.mark.parametrize(
    ("states", "repeats"),
    [
        ("Starting Downloading Training Starting Downloading Training", (3,)),
        ("Starting Downloading Starting Downloading Starting Downloading", (2, 4)),
        ("Starting Downloading Training Restarting Starting Downloading", (3,)),
        ("Starting Downloading Training Uploading Starting Downloading", (4,)),
        ("Starting Downloading Training Interrupted Starting Downloading", ()),
        ("Starting Downloading Training Interrupted Downloading Training", ()),
        ("Pending Starting Downloading Training Uploading Completed", ()),
        ("Starting", ()),
        ("", ()),
    ],
)
def test_sagemaker_s_own_repetitions_are_the_starts_after_the_instances_were_there(states: str, repeats: tuple[int, ...]) -> None:
    times = [AT + timedelta(minutes=m) for m in range(len(states.split()))]
    lines = [{"Status": state, "StartTime": at} for state, at in zip(states.split(), times, strict=True)]
    assert describe(SecondaryStatusTransitions=lines).repeated_at == tuple(times[n] for n in repeats)


def test_the_types_of_a_heterogeneous_cluster_are_known_where_every_group_says_one() -> None:
    groups = [{"InstanceType": kind, "InstanceCount": 1, "InstanceGroupName": "g"} for kind in ("ml.g5.xlarge", "ml.p3.2xlarge")]
    body = {"TrainingJobName": "x", "RoleArn": "r", "OutputDataConfig": {"S3OutputPath": "s3://b/"}}
    known = job_of({**body, "ResourceConfig": {"InstanceGroups": groups}}, kind=DocumentKind.CREATE)
    assert known.groups == ("ml.g5.xlarge", "ml.p3.2xlarge")
    silent = [*groups, {"InstanceCount": 1, "InstanceGroupName": "h"}]
    assert job_of({**body, "ResourceConfig": {"InstanceGroups": silent}}, kind=DocumentKind.CREATE).groups == ()
