"""The deadline and the remaining work of a job, from its tags, its family's history and its checkpoints."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide.deadline.outlook import move_costs
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.job import Interval
from controller.ledger.intent import Stop, Submit, Wake
from controller.policy.resubmission import DeadlineSettings
from tests.builders import BEGIN, facts, job
from tests.unit.decide.deciding import DEADLINE, HOUR, TAGS, WAITING, actions, looked_up, text, topics

LATE = BEGIN + timedelta(hours=3, minutes=40)
WITHOUT_RUNTIME = replace(WAITING, tags={"team": "vision", "spotwarden:deadline": DEADLINE.isoformat()})


def scan(newest_min: int) -> CheckpointScan:
    return CheckpointScan(
        uri="s3://checkpoints/bert/", scanned_at=BEGIN, objects=1, bytes_seen=1, complete=True,
        newest_at=BEGIN + timedelta(minutes=newest_min),
    )  # fmt: skip


def test_the_latest_safe_moment_leaves_time_for_the_move_the_work_and_the_margin() -> None:
    grace_s, upload_s, sweeps_s, start_s, restore_s, margin_s = 120, 180, 120, 300, 120, 600
    move_s = grace_s + upload_s + sweeps_s + start_s + restore_s
    safe = DEADLINE - 2 * HOUR - timedelta(seconds=move_s + margin_s)
    assert safe in [wake.at for wake in actions(looked_up(WAITING, now=BEGIN + HOUR), Wake)]


def test_a_move_is_held_to_the_stay_and_the_number_of_moves_of_the_policy() -> None:
    costs = move_costs(DeadlineSettings(stay_s=60, moves_max=4), resumable=True)
    assert (costs.stay_s, costs.moves_max) == (60, 4)


def test_progress_in_checkpoints_makes_the_finish_earlier() -> None:
    now = BEGIN + 5 * HOUR
    interrupted = job(tags=TAGS, secondary="Starting", intervals=(Interval(start=BEGIN + HOUR, end=now),))
    assert "deadline-lost" in topics(looked_up(interrupted, now=now))
    assert "deadline-lost" not in topics(looked_up(interrupted, now=now, checkpoint_scan=scan(150)))


def test_a_job_that_trains_on_spot_keeps_time_to_repeat_one_checkpoint_interval() -> None:
    begun = Interval(start=BEGIN + timedelta(hours=2, minutes=40), end=None)
    training, proven = job(tags=TAGS, intervals=(begun,)), scan(190)  # 30 min are proven; 1 h 30 min and a move of 14 min remain
    interval = timedelta(minutes=30)
    safe = DEADLINE - timedelta(hours=1, minutes=30 + 14)
    assert not actions(looked_up(training, now=safe - interval, checkpoint_scan=proven), Stop)
    assert actions(looked_up(training, now=safe - interval + timedelta(minutes=1), checkpoint_scan=proven), Stop)


def test_a_file_that_is_newer_than_now_proves_no_training_to_come() -> None:
    now = BEGIN + 2 * HOUR
    running = facts(
        job(tags=TAGS, intervals=(Interval(start=BEGIN + HOUR, end=None),)), now=now, checkpoint_scan=scan(600), history=()
    )
    assert running.proven_training_s == 3600


def test_three_runs_of_the_family_are_an_estimate_and_fewer_are_not() -> None:
    one_run = looked_up(WITHOUT_RUNTIME, now=LATE, history=(7000,))
    assert not actions(one_run, Stop)
    assert "so far: 1" in text(one_run, "no-estimate")
    assert actions(looked_up(WITHOUT_RUNTIME, now=LATE, history=(7000, 7100, 7200)), Stop)


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ({"spotwarden:deadline": "tomorrow"}, "found 'tomorrow', wanted an ISO 8601 time"),
        ({"spotwarden:deadline": "2026-03-02T15:00:00"}, "wanted a time with its zone"),
        ({"spotwarden:deadline": "2026-03-01T15:00:00Z"}, "wanted a time after the job's creation"),
        ({"spotwarden:deadline": DEADLINE.isoformat(), "spotwarden:expected-runtime": "0"}, "wanted a duration above zero"),
        ({"spotwarden:deadline": DEADLINE.isoformat(), "spotwarden:expected-runtime": "long"}, "wanted a duration above zero"),
    ],
)
def test_an_unreadable_tag_is_reported_and_the_job_is_not_moved(tag: dict[str, str], message: str) -> None:
    unreadable = looked_up(replace(WAITING, tags={"team": "vision"} | tag), now=LATE)
    assert not actions(unreadable, Stop, Submit)
    assert message in text(unreadable, "deadline-unreadable")


def test_a_job_that_seems_to_be_created_in_the_future_is_not_moved() -> None:
    assert not actions(looked_up(WAITING, now=BEGIN - timedelta(minutes=5)), Stop)
