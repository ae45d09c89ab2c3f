"""Checkpoints in S3 show how much training of a job is proven; a configured prefix alone proves nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.jobs.checkpoint import CheckpointScan, at_risk_s, proven_of, trained_s
from controller.jobs.job import Interval, Outcome
from controller.policy.rules.checkpoint_alive import Options, judge
from controller.policy.rules.kind import Evidence
from tests.builders import BEGIN, ended, job

MINUTE = timedelta(minutes=1)
FIRST = Interval(start=BEGIN, end=BEGIN + 30 * MINUTE)
SECOND = Interval(start=BEGIN + 60 * MINUTE, end=None)
NOW = BEGIN + 90 * MINUTE


def seen(newest: int | None, **changes: Any) -> CheckpointScan:
    """A scan after an hour and a half; ``newest`` is the minute of the newest object."""
    newest_at = None if newest is None else BEGIN + newest * MINUTE
    scan = CheckpointScan(uri="s3://b/p/", scanned_at=NOW, objects=1, bytes_seen=1, newest_at=newest_at, complete=True)
    return replace(scan, **changes)


@pytest.mark.parametrize(("newest", "at_risk_min"), [(None, 60), (-5, 60), (10, 50), (30, 30), (45, 30), (60, 30), (80, 10)])
def test_at_risk_is_the_training_since_the_newest_checkpoint(newest: int | None, at_risk_min: int) -> None:
    assert at_risk_s(seen(newest), (FIRST, SECOND), NOW) == 60 * at_risk_min


@pytest.mark.parametrize(
    ("written_min", "proven_min"),
    [(-5, None), (0, None), (10, 10), (30, 30), (32, 30), (60, 30), (61, None)],
)
def test_a_checkpoint_written_before_the_next_interval_proves_the_training_before_it(
    written_min: int, proven_min: int | None
) -> None:
    proven = proven_of(FIRST, SECOND, None, BEGIN + written_min * MINUTE)
    assert proven == (None if proven_min is None else proven_min * MINUTE)


def test_a_checkpoint_written_after_the_job_ended_is_of_another_job() -> None:
    assert proven_of(FIRST, None, BEGIN + 32 * MINUTE, BEGIN + 32 * MINUTE) == 30 * MINUTE
    assert proven_of(FIRST, None, BEGIN + 32 * MINUTE, BEGIN + 33 * MINUTE) is None


def test_training_is_counted_without_its_interruptions() -> None:
    assert trained_s((FIRST, SECOND), NOW) == 3600


TRAINING = job(intervals=(FIRST, SECOND))


def test_a_prefix_without_a_checkpoint_is_reported_after_its_time() -> None:
    fault = judge(TRAINING, Options(first_within_s=1800), Evidence(checkpoint_scan=seen(None)))
    assert fault is not None
    assert (fault.found, fault.field) == ("no checkpoint after 1 h of training (limit 30 min)", "CheckpointConfig.S3Uri")
    assert judge(TRAINING, Options(first_within_s=3600), Evidence(checkpoint_scan=seen(None))) is None


def test_a_stale_checkpoint_is_reported() -> None:
    assert judge(TRAINING, Options(at_most_s=1200), Evidence(checkpoint_scan=seen(10))) is not None
    assert judge(TRAINING, Options(at_most_s=3600), Evidence(checkpoint_scan=seen(10))) is None


@pytest.mark.parametrize(
    "spared",
    [
        (ended(TRAINING), seen(None)),
        (replace(TRAINING, checkpoint_uri=None), seen(None)),
        (TRAINING, seen(None, problem="our role may not list it")),
        (TRAINING, None),
        (TRAINING, seen(10, complete=False)),
    ],
    ids=["over", "no config", "not to be seen", "nobody looked", "not all was seen"],
)
def test_an_unknown_state_of_checkpoints_is_not_reported(spared: Any) -> None:
    about, scan = spared
    assert judge(about, Options(at_most_s=60), Evidence(checkpoint_scan=scan)) is None


def test_an_alarm_needs_a_job_that_can_still_lose_something() -> None:
    evidence = Evidence(checkpoint_scan=seen(None))
    assert judge(TRAINING, Options(first_within_s=1800), evidence) is not None
    assert judge(replace(TRAINING, spot=False), Options(first_within_s=1800), evidence) is None
    assert judge(ended(TRAINING, Outcome.COMPLETED), Options(first_within_s=1800), evidence) is None
