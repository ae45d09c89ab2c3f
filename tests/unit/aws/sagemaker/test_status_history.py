"""What happened to a job, from its document: its interruptions, intervals, end, outcome and usage."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.aws.sagemaker.read_job import DocumentKind, job_of
from controller.jobs.job import Outcome, Usage
from tests.unit.aws.sagemaker.test_read_job import AT, DESCRIPTION, describe, without


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


def test_a_stop_began_at_the_time_of_its_transition() -> None:
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


def test_a_failure_reason_can_say_that_a_job_was_stopped_for_lack_of_capacity() -> None:
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
