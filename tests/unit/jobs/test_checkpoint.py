"""What is in S3 shows how much of a job is proven; a configured prefix alone proves nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.jobs.checkpoint import CheckpointScan, at_risk_s, proven_training_s, trained_s
from controller.jobs.job import Interval
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


@pytest.mark.parametrize(("newest", "proven_min"), [(None, 0), (-5, 0), (10, 10), (30, 30), (45, 30), (60, 30), (80, 50)])
def test_what_a_checkpoint_proves_is_the_training_before_it(newest: int | None, proven_min: int) -> None:
    assert proven_training_s(seen(newest), (FIRST, SECOND)) == 60 * proven_min
    assert at_risk_s(seen(newest), (FIRST, SECOND), NOW) == 60 * (60 - proven_min)


def test_training_is_counted_without_its_interruptions() -> None:
    assert trained_s((FIRST, SECOND), NOW) == 3600


TRAINING = job(intervals=(FIRST, SECOND))


def test_a_prefix_without_a_checkpoint_is_reported_after_its_time() -> None:
    fault = judge(TRAINING, Options(first_within_s=1800), Evidence(checkpoint_scan=seen(None)))
    assert fault is not None
    assert (fault.found, fault.field) == ("no checkpoint after 1 h (limit 30 min)", "CheckpointConfig.S3Uri")
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
