"""What happens to a training job. Each test is a fact from the documented lifecycles."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from infra.local.sagemaker.capacity import Steps
from infra.local.sagemaker.errors import ApiError
from infra.local.sagemaker.failures import CAPACITY, FAILURES, INTERNAL
from infra.local.sagemaker.phase import Phase
from infra.local.sagemaker.settings import WorldSettings
from infra.local.sagemaker.world import World
from tests.unit.infra.local.sagemaker.requests import T0, TYPE, after, moments, request, run, states, world

GONE_AT_1000 = ((0, 1), (1000, 0), (2000, 1))  # one instance, none from 1,000 s to 2,000 s


def test_an_undisturbed_job_starts_downloads_trains_uploads_and_completes() -> None:
    here = world()
    here.create_training_job(request(work_s=600))
    run(here)
    assert states(here) == "Starting Downloading Training Uploading Completed = Completed"
    assert moments(here) == [0, 60, 180, 780, 810]


def test_training_start_time_is_the_first_download_and_training_end_time_the_end_of_the_upload() -> None:
    here = world()
    here.create_training_job(request(work_s=600))
    job = run(here).describe_training_job("bert")
    assert (job["TrainingStartTime"], job["TrainingEndTime"]) == (after(60), after(810))


def test_each_transition_ends_when_the_next_begins() -> None:
    here = world(*GONE_AT_1000)
    here.create_training_job(request(work_s=3000))
    lines = run(here).describe_training_job("bert")["SecondaryStatusTransitions"]
    assert [line["EndTime"] for line in lines[:-1]] == [line["StartTime"] for line in lines[1:]]


def test_an_interrupted_job_starts_again_by_itself_and_stays_in_progress_meanwhile() -> None:
    here = world(*GONE_AT_1000)
    here.create_training_job(request(work_s=3000))
    here.advance_to(after(1500))
    assert states(here) == "Starting Downloading Training Interrupted Starting = InProgress"
    run(here)
    assert (
        states(here) == "Starting Downloading Training Interrupted Starting Downloading Training Uploading Completed = Completed"
    )


def test_a_restart_may_go_from_interrupted_straight_to_downloading() -> None:
    here = world(*GONE_AT_1000, restarts_show_starting=False)
    here.create_training_job(request(work_s=3000))
    assert states(run(here)).startswith("Starting Downloading Training Interrupted Downloading Training")


def test_an_instance_that_is_taken_while_it_launches_is_not_an_interruption() -> None:
    here = world((0, 1), (30, 0), (500, 1))
    here.create_training_job(request(work_s=600))
    assert states(run(here)) == "Starting Downloading Training Uploading Completed = Completed"
    assert moments(here)[1] == 560


def test_a_job_that_never_launched_ends_stopped_by_max_wait_without_a_failure_reason() -> None:
    here = world((0, 0), (200_000, 1))
    here.create_training_job(request())
    job = run(here).describe_training_job("bert")
    assert states(here) == "Starting Stopping MaxWaitTimeExceeded = Stopped"
    assert moments(here) == [0, 86_400, 86_405]
    assert not {"FailureReason", "TrainingStartTime"} & job.keys()


def test_max_wait_counts_from_the_creation_through_all_interruptions() -> None:
    here = world((0, 1), (1000, 0), (2000, 1), (3000, 0), (4000, 1))
    asked = request(work_s=6000, exits_after_s=20)
    asked["StoppingCondition"] = {"MaxRuntimeInSeconds": 5000, "MaxWaitTimeInSeconds": 5000}
    here.create_training_job(asked)
    run(here)
    assert states(here).endswith("Interrupted Starting Downloading Training Stopping MaxWaitTimeExceeded = Stopped")
    assert states(here).count("Interrupted") == 2
    assert moments(here)[-2:] == [5000, 5020]


def test_max_runtime_counts_the_time_on_instances_only() -> None:
    here = world(*GONE_AT_1000)
    asked = request(work_s=6000)
    asked["StoppingCondition"]["MaxRuntimeInSeconds"] = 2000
    here.create_training_job(asked)
    run(here)
    assert states(here).endswith("Training Stopping MaxRuntimeExceeded = Stopped")
    assert moments(here)[-2] == 2060 + (2000 - (1000 - 60))  # the second run has the rest of MaxRuntimeInSeconds


def test_a_job_without_max_runtime_is_stopped_after_a_day() -> None:
    here = world()
    asked = request(spot=False, work_s=100_000)
    asked["StoppingCondition"] = {}
    here.create_training_job(asked)
    assert moments(run(here))[-2] == 60 + 86_400


@pytest.mark.parametrize(
    ("hyperparameters", "prefix", "answers", "trained_s"),
    [
        ({"checkpoint_every_s": 300}, "s3://ckpt/bert", {}, 3000 - 600),
        ({"checkpoint_every_s": 300}, None, {}, 3000),
        ({"checkpoint_every_s": "never"}, "s3://ckpt/bert", {}, 3000),
        ({"checkpoint_every_s": 300}, "s3://ckpt/bert", {"sigterm_at_interruption": True}, 3000 - 820),
    ],
    ids=["from the last checkpoint", "without CheckpointConfig: over", "never writing: over", "SIGTERM: from where it was"],
)
def test_an_interrupted_job_resumes_from_its_checkpoint_or_starts_over(hyperparameters, prefix, answers, trained_s) -> None:  # type: ignore[no-untyped-def]
    here = world(*GONE_AT_1000, **answers)  # 820 s of work are done at the interruption
    here.create_training_job(request(work_s=3000, prefix=prefix, **hyperparameters))
    times = moments(run(here))
    assert times[-2] - times[-3] == trained_s


def test_a_new_job_on_the_same_prefix_resumes_from_what_the_prefix_holds() -> None:
    here = world()
    here.create_training_job(request("bert", work_s=3000))
    here.advance_to(after(180 + 1000))
    here.stop_training_job("bert")
    run(here)
    here.create_training_job(request("bert-r2", work_s=3000))
    times = moments(run(here), "bert-r2")
    assert times[-2] - times[-3] == 3000 - 1020  # saved on SIGTERM: 1,000 s, and 20 s until it exited


def test_the_host_is_called_for_each_checkpoint() -> None:
    heard: list[tuple[str, float, datetime]] = []
    here = World(
        T0,
        on_checkpoint=lambda *said: heard.append(said),
        capacity_of={},
        settings=WorldSettings(launch=(60, 60), download=(120, 120)),
    )
    here.create_training_job(request(work_s=900))
    here.advance_to(after(180 + 650))
    assert heard == [("s3://ckpt/bert", 300, after(480)), ("s3://ckpt/bert", 600, after(780))]


@pytest.mark.parametrize("key", FAILURES)
def test_each_known_failure_ends_the_job_failed_with_its_reason(key: str) -> None:
    here = world()
    here.create_training_job(request(fails_with=key))
    job = run(here).describe_training_job("bert")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"] == FAILURES[key].reason
    assert ("TrainingStartTime" in job) is (FAILURES[key].phase is not Phase.LAUNCHING)


def test_a_request_may_word_its_own_failure_and_say_where_it_happens() -> None:
    here = world()
    here.create_training_job(request(fails_with="AlgorithmError: Exit Code: 137", fails_in="uploading"))
    assert states(run(here)) == "Starting Downloading Training Uploading Failed = Failed"
    assert here.describe_training_job("bert")["FailureReason"] == "AlgorithmError: Exit Code: 137"


def test_a_failure_in_training_happens_after_its_share_of_the_work() -> None:
    here = world()
    here.create_training_job(request(fails_with="exit-code", fails_after_s=500))
    assert moments(run(here))[-1] == 180 + 500


def test_a_temporary_failure_affects_a_number_of_equal_jobs() -> None:
    here = world()
    for name in ("a", "b", "c"):
        here.create_training_job(request(name, fails_with="internal", fails_times=2))
        run(here)
    assert [here.jobs[name].status for name in ("a", "b", "c")] == ["Failed", "Failed", "Completed"]


def test_retry_strategy_starts_again_after_an_internal_error_and_only_so_often() -> None:
    here = world()
    here.create_training_job(request(fails_with="internal") | {"RetryStrategy": {"MaximumRetryAttempts": 2}})
    assert states(run(here)) == "Starting Downloading Starting Downloading Starting Downloading Failed = Failed"
    assert here.describe_training_job("bert")["FailureReason"] == INTERNAL


def test_retry_strategy_does_not_help_against_the_users_own_errors() -> None:
    here = world()
    here.create_training_job(request(fails_with="impostor") | {"RetryStrategy": {"MaximumRetryAttempts": 2}})
    assert states(run(here)) == "Starting Downloading Training Failed = Failed"


def test_a_retry_gives_its_instance_back_and_waits_in_line() -> None:
    here = world((0, 1))
    here.create_training_job(request("a", fails_with="internal", fails_times=1) | {"RetryStrategy": {"MaximumRetryAttempts": 1}})
    here.create_training_job(request("b", work_s=600, prefix="s3://ckpt/b"))
    run(here)
    assert states(here, "a") == "Starting Downloading Starting Downloading Training Uploading Completed = Completed"
    assert moments(here, "a")[2] == 180
    assert moments(here, "b")[1] == 180 + 60
    assert moments(here, "a")[3] == moments(here, "b")[-1] + 60


def test_the_status_message_says_why_a_job_still_starts() -> None:
    here = world((0, 0), (1000, 1))
    here.create_training_job(request())
    said = []
    for at in (10, 1010, 1070):
        here.advance_to(after(at))
        said.append(here.describe_training_job("bert")["SecondaryStatusTransitions"][-1]["StatusMessage"])
    assert said == [
        "Insufficient capacity error from EC2 while launching instances, retrying!",
        "Preparing the instances for training",
        "Downloading input data",
    ]


def test_an_on_demand_job_that_finds_no_instance_fails_with_a_capacity_error() -> None:
    here = world(on_demand_shortage=1.0)
    here.create_training_job(request(spot=False))
    assert states(run(here)) == "Starting Failed = Failed"
    assert here.describe_training_job("bert")["FailureReason"] == CAPACITY


def test_a_job_with_a_pending_limit_waits_as_pending_and_then_stops() -> None:
    here = world(on_demand_shortage=1.0, pending_timeout_secondary="MaxPendingTimeExceeded")
    asked = request(spot=False)
    asked["StoppingCondition"]["MaxPendingTimeInSeconds"] = 7200
    here.create_training_job(asked)
    assert states(run(here)) == "Starting Pending Stopping MaxPendingTimeExceeded = Stopped"


@pytest.mark.parametrize(("exits_after_s", "grace_s"), [(20, 20), (5000, 120)])
def test_a_stopped_container_has_at_most_two_minutes(exits_after_s: int, grace_s: int) -> None:
    here = world()
    here.create_training_job(request(exits_after_s=exits_after_s))
    here.advance_to(after(500))
    here.stop_training_job("bert")
    assert here.describe_training_job("bert")["TrainingJobStatus"] == "Stopping"
    assert states(run(here)) == "Starting Downloading Training Stopping Stopped = Stopped"
    assert moments(here)[-1] == 500 + grace_s


@pytest.mark.parametrize("at", [30, 100, 1005, 1500])
def test_a_job_without_a_running_script_stops_within_seconds(at: int) -> None:
    here = world(*GONE_AT_1000)
    here.create_training_job(request(work_s=3000))
    here.advance_to(after(at))
    here.stop_training_job("bert")
    assert moments(run(here))[-1] == at + 5
    assert states(here).endswith("Stopping Stopped = Stopped")


def test_a_stopped_job_gives_its_instance_to_the_next_that_waits() -> None:
    here = world((0, 1))
    here.create_training_job(request("a", work_s=6000))
    here.create_training_job(request("b", work_s=600, prefix="s3://ckpt/b"))
    here.advance_to(after(500))
    here.stop_training_job("a")
    run(here)
    assert moments(here, "b")[1] == 500 + 20 + 60


@pytest.mark.parametrize(("beats", "secondary"), [(True, "Completed = Completed"), (False, "Stopped = Stopped")])
def test_a_job_stopped_while_it_uploads_ends_either_way(beats: bool, secondary: str) -> None:
    here = world(completion_beats_stop=beats)
    here.create_training_job(request(work_s=600))
    here.advance_to(after(790))
    here.stop_training_job("bert")
    assert states(run(here)) == f"Starting Downloading Training Uploading Stopping {secondary}"


@pytest.mark.parametrize(("beats", "secondary"), [(True, "Completed"), (False, "Stopped")])
def test_a_script_that_finishes_within_its_grace_ends_either_way(beats: bool, secondary: str) -> None:
    here = world(completion_beats_stop=beats)
    here.create_training_job(request(work_s=600, exits_after_s=60))
    here.advance_to(after(770))
    here.stop_training_job("bert")
    assert states(run(here)).endswith(f"Stopping {secondary} = {secondary}")


def test_a_stopping_job_is_not_interrupted() -> None:
    here = world(*GONE_AT_1000)
    here.create_training_job(request(work_s=3000, exits_after_s=100))
    here.advance_to(after(950))
    here.stop_training_job("bert")
    assert states(run(here)) == "Starting Downloading Training Stopping Stopped = Stopped"


def test_stopping_may_hang_for_more_than_a_day() -> None:
    here = world(stuck=1.0)
    here.create_training_job(request())
    here.advance_to(after(500))
    here.stop_training_job("bert")
    assert moments(run(here))[-1] == 500 + 20 + 90_000


def test_only_a_job_in_progress_can_be_stopped() -> None:
    here = world()
    here.create_training_job(request())
    here.stop_training_job("bert")
    with pytest.raises(ApiError, match=r"ValidationException: The request was rejected because .* is in status Stopping\."):
        here.stop_training_job("bert")
    run(here)
    with pytest.raises(ApiError, match=r"rejected because the training job is in status Stopped\."):
        here.stop_training_job("bert")


def test_when_the_supply_shrinks_only_as_many_jobs_as_must_are_interrupted() -> None:
    here = world((0, 3), (1000, 2), (3000, 3))
    for name in ("a", "b", "c"):
        here.create_training_job(request(name, work_s=3000, prefix=f"s3://ckpt/{name}"))
    here.advance_to(after(1001))
    assert sorted(job.secondary for job in here.jobs.values()) == ["Interrupted", "Training", "Training"]


def test_jobs_that_waited_longest_launch_first() -> None:
    here = world((0, 0), (1000, 1))
    here.create_training_job(request("first", work_s=100))
    here.advance_to(after(10))
    here.create_training_job(request("second", work_s=100, prefix="s3://ckpt/second"))
    run(here)
    assert moments(here, "first")[1] < moments(here, "second")[1]


def test_a_job_of_four_instances_waits_until_four_can_be_had() -> None:
    here = world((0, 3), (1000, 4))
    asked = request(work_s=600)
    asked["ResourceConfig"]["InstanceCount"] = 4
    here.create_training_job(asked)
    assert moments(run(here))[1] == 1060


def test_only_an_ended_job_can_be_deleted_and_its_name_is_free_then() -> None:
    here = world()
    here.create_training_job(request())
    with pytest.raises(ApiError, match="ResourceInUse"):
        here.delete_training_job("bert")
    run(here).delete_training_job("bert")
    with pytest.raises(ApiError, match=r"ValidationException: Requested resource not found"):
        here.describe_training_job("bert")
    assert here.create_training_job(request())["TrainingJobArn"].endswith(":training-job/bert")


def test_a_deleted_job_may_be_seen_deleting_for_a_while_and_hold_its_name() -> None:
    here = world(deleting_s=30)
    here.create_training_job(request())
    run(here).delete_training_job("bert")
    assert here.describe_training_job("bert")["TrainingJobStatus"] == "Deleting"
    with pytest.raises(ApiError, match="already exists"):
        here.create_training_job(request())
    run(here)
    assert "bert" not in here.jobs


def test_the_clock_cannot_go_back() -> None:
    here = world()
    with pytest.raises(ValueError, match=r"cannot go back: it is 2026-03-02T00:00:00\+00:00, wanted 2026-03-01T23:59:50\+00:00"):
        here.advance_to(after(-10))


def test_the_clock_needs_a_zone_and_takes_any() -> None:
    here = world()
    with pytest.raises(ValueError, match="wanted an aware time, found 2026-03-02T00:01:00 without a zone"):
        here.advance_to(after(60).replace(tzinfo=None))
    here.advance_to(after(60).astimezone(timezone(timedelta(hours=9))))
    here.create_training_job(request())
    assert here.describe_training_job("bert")["CreationTime"].isoformat() == "2026-03-02T00:01:00+00:00"


def test_pools_are_independent() -> None:
    here = World(T0, settings=WorldSettings(), capacity_of={TYPE: Steps(T0, [(0, 0)], period_s=100)})
    here.create_training_job(request("starved"))
    fed = request("fed", prefix="s3://ckpt/fed")
    fed["ResourceConfig"]["InstanceType"] = "ml.g5.xlarge"
    here.create_training_job(fed)
    run(here)
    assert [here.jobs[name].secondary for name in ("starved", "fed")] == ["MaxWaitTimeExceeded", "Completed"]
