"""The content of events, and their unreliable delivery."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.local.sagemaker.events import ec2_event
from infra.local.sagemaker.world import World
from tests.unit.infra.local.sagemaker.requests import TYPE, after, request, world

INTERRUPTED = ((0, 1), (1000, 0), (2000, 1))


def events(here: World) -> list[dict[str, Any]]:
    heard = []
    while at := here.next_at():
        here.advance_to(at)
        heard += [event for _, event in here.drain_events()]
    return heard


def one(**answers: Any) -> dict[str, Any]:
    """The last event of a job that completed."""
    here = world(**answers)
    here.create_training_job(request(work_s=600))
    return events(here)[-1]


def test_an_envelope_is_as_documented() -> None:
    event = one()
    assert event.keys() == {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
    assert (event["source"], event["detail-type"]) == ("aws.sagemaker", "SageMaker Training Job State Change")
    assert event["resources"] == ["arn:aws:sagemaker:us-east-1:111122223333:training-job/bert"]
    assert event["time"] == "2026-03-02T00:13:30Z"
    assert json.loads(json.dumps(event)) == event


def test_each_change_sends_one_event_without_faults() -> None:
    here = world(*INTERRUPTED)
    here.create_training_job(request(work_s=3000))
    told = [event["detail"]["SecondaryStatus"] for event in events(here)]
    assert told == [line.status for line in here.jobs["bert"].transitions]


def test_an_interruption_may_send_no_event() -> None:
    here = world(*INTERRUPTED, interrupted_sends_event=False)
    here.create_training_job(request(work_s=3000))
    assert "Interrupted" not in {event["detail"]["SecondaryStatus"] for event in events(here)}
    assert "Interrupted" in {line.status for line in here.jobs["bert"].transitions}


@pytest.mark.parametrize(
    ("times_as", "began"),
    [("number", 1772409600000), ("digits", "1772409600000"), ("iso", "2026-03-02T00:00:00.000Z")],
)
def test_times_are_numbers_digit_strings_or_iso_texts(times_as: str, began: object) -> None:
    detail = one(times_as=times_as)["detail"]
    assert detail["CreationTime"] == began
    assert {type(detail[name]) for name in ("TrainingStartTime", "TrainingEndTime", "LastModifiedTime")} == {type(began)}


@pytest.mark.parametrize(("tags_as", "tags"), [("map", {"team": "vision"}), ("list", [{"Key": "team", "Value": "vision"}])])
def test_tags_are_a_map_or_a_list(tags_as: str, tags: object) -> None:
    assert one(tags_as=tags_as)["detail"]["Tags"] == tags


@pytest.mark.parametrize(("absent_as", "present"), [("null", True), ("missing", False)])
def test_what_is_absent_is_null_or_missing(absent_as: str, present: bool) -> None:
    detail = one(absent_as=absent_as)["detail"]
    assert ("FailureReason" in detail) is present
    assert detail.get("FailureReason") is None


def test_mixed_shapes_mix() -> None:
    here = world(times_as="mixed", tags_as="mixed", absent_as="mixed")
    for number in range(12):
        here.create_training_job(request(f"job-{number}", prefix=f"s3://ckpt/{number}", work_s=600))
    details = [event["detail"] for event in events(here)]
    assert {type(detail["CreationTime"]) for detail in details} == {int, str}
    assert {type(detail["Tags"]) for detail in details} == {dict, list}
    assert {"FailureReason" in detail for detail in details} == {True, False}


def test_no_event_contains_spot_checkpoints_or_usage() -> None:
    said = one()["detail"]
    never = {"EnableManagedSpotTraining", "CheckpointConfig", "BillableTimeInSeconds", "TrainingTimeInSeconds", "RetryStrategy"}
    assert not never & said.keys()
    assert said["StoppingCondition"] == {"MaxRuntimeInSeconds": 7200}


def test_the_event_of_a_failed_job_has_its_reason() -> None:
    here = world()
    here.create_training_job(request(fails_with="exit-code"))
    assert events(here)[-1]["detail"]["FailureReason"] == "AlgorithmError: Exit Code: 1"


def test_a_child_of_a_tuning_job_names_its_parent() -> None:
    here = world()
    parent = "arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/hpo"
    here.launch(request("hpo-001-0f0444b1"), owner={"TuningJobArn": parent})
    assert {event["detail"]["TuningJobArn"] for event in events(here)} == {parent}
    assert here.describe_training_job("hpo-001-0f0444b1")["TuningJobArn"] == parent


def test_a_late_event_contains_the_former_status() -> None:
    here = world(event_late=1.0, event_late_by=(5000, 5000))
    here.create_training_job(request(work_s=600))
    here.advance_to(after(4000))
    assert here.drain_events() == []
    here.advance_to(after(5002))
    (delivery,) = here.drain_events()
    assert delivery.deliver_at == after(5001)
    assert delivery.name == "bert"
    assert (delivery.event["time"], delivery.event["detail"]["SecondaryStatus"]) == ("2026-03-02T00:00:00Z", "Starting")
    assert delivery.event["detail"]["TrainingEndTime"] is None
    (line,) = delivery.event["detail"]["SecondaryStatusTransitions"]
    assert line["StatusMessage"] == "Starting the training job"


def test_a_lost_event_never_comes() -> None:
    here = world(event_lost=1.0)
    here.create_training_job(request(work_s=600))
    assert events(here) == []
    assert (here.events.sent, here.events.lost) == (5, 5)


def test_a_doubled_event_comes_twice_under_two_ids() -> None:
    here = world(event_duplicated=1.0)
    here.create_training_job(request(work_s=600))
    heard = events(here)
    assert len(heard) == 10
    assert len({event["id"] for event in heard}) == 10
    assert heard[0]["detail"] == heard[1]["detail"]


def test_shuffled_events_overtake_each_other() -> None:
    here = world(event_reordered=1.0, event_reordered_by=(0, 900))
    here.create_training_job(request(work_s=600))
    told = [event["detail"]["LastModifiedTime"] for event in events(here)]
    assert told != sorted(told)


def test_events_are_drained_once_and_in_the_order_of_arrival() -> None:
    here = world(event_reordered=1.0, event_reordered_by=(0, 900))
    here.create_training_job(request(work_s=600))
    here.advance_to(after(5000))
    arrivals = [at for at, _ in here.drain_events()]
    assert len(arrivals) == 5
    assert arrivals == sorted(arrivals)
    assert here.drain_events() == []


def test_while_an_event_waits_the_next_step_is_now() -> None:
    here = world()
    here.create_training_job(request())
    here.advance_to(after(30))
    assert here.next_at() == after(30)


def test_faults_of_events_do_not_change_what_happens_to_jobs() -> None:
    lives = []
    for lost in (0.0, 0.9):
        here = world(*INTERRUPTED, event_lost=lost, launch=(60, 180))
        here.create_training_job(request(work_s=3000))
        events(here)
        lives.append(here.describe_training_job("bert"))
    assert lives[0] == lives[1]


def test_an_ec2_warning_has_the_documented_shape() -> None:
    event = ec2_event(
        "EC2 Spot Instance Interruption Warning", "i-0abc", after(0), account="111122223333", region="us-east-1", event_id="e"
    )
    assert event["detail"] == {"instance-id": "i-0abc", "instance-action": "terminate"}
    assert event["resources"] == ["arn:aws:ec2:us-east-1:111122223333:instance/i-0abc"]


def test_tags_added_later_are_in_later_events_only() -> None:
    here = world()
    arn = here.create_training_job(request(work_s=600))["TrainingJobArn"]
    here.advance_to(after(70))
    here.add_tags(arn, [{"Key": "cost", "Value": "42"}])
    told = [len(event["detail"]["Tags"]) for event in events(here)]
    assert told == [1, 1, 2, 2, 2]


def test_an_event_names_the_instances() -> None:
    assert one()["detail"]["ResourceConfig"]["InstanceType"] == TYPE
