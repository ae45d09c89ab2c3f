"""How much of a job's training was kept through its interruptions."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from controller.jobs.job import Interval
from controller.ledger.entry import CheckpointScanned
from controller.savings.progress import Progress, progress_of
from tests.builders import BEGIN

HOUR = 3600


def at(hours: float) -> datetime:
    return BEGIN + timedelta(hours=hours)


def interval(start_h: float, end_h: float) -> Interval:
    return Interval(start=at(start_h), end=at(end_h))


def scanned(at_h: float, newest_h: float | None, **changes: object) -> CheckpointScanned:
    told = {
        "job": "bert", "at": at(at_h), "team": None, "occasion": f"interrupted/{at_h}", "uri": "s3://c/b/", "objects": 1,
        "bytes_seen": 1, "newest_at": at(newest_h) if newest_h is not None else None, "complete": True, "proven_s": 0,
        "at_risk_s": 0, "problem": None,
    } | changes  # fmt: skip
    return CheckpointScanned(**told)  # type: ignore[arg-type]


TWICE = (interval(0, 2), interval(3, 5))


def test_a_job_without_interruptions_keeps_all_of_its_training() -> None:
    assert progress_of([interval(0, 2)], (), checkpoints=False, completed=True) == Progress(kept_s=2 * HOUR)


def test_without_a_checkpoint_everything_before_the_last_interval_is_lost() -> None:
    assert progress_of(TWICE, (), checkpoints=False, completed=True) == Progress(kept_s=2 * HOUR)


def test_training_after_the_newest_checkpoint_is_lost_in_an_interruption() -> None:
    seen = [scanned(2.1, 1.5)]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True) == Progress(kept_s=round(3.5 * HOUR))


def test_without_a_scan_the_interval_counts_as_lost_and_the_figure_is_a_minimum() -> None:
    assert progress_of(TWICE, (), checkpoints=True, completed=True) == Progress(kept_s=2 * HOUR, exact=False)


def test_a_scan_after_the_next_interval_wrote_a_checkpoint_proves_nothing() -> None:
    seen = [scanned(4.5, 4.2)]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True) == Progress(kept_s=2 * HOUR, exact=False)


def test_a_scan_during_training_proves_a_minimum() -> None:
    seen = [scanned(1, 0.9, occasion="first")]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True) == Progress(kept_s=round(2.9 * HOUR), exact=False)


def test_an_incomplete_scan_proves_a_minimum() -> None:
    seen = [scanned(2.1, 1.5, complete=False)]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True) == Progress(kept_s=round(3.5 * HOUR), exact=False)


def test_a_checkpoint_from_before_the_job_does_not_count() -> None:
    seen = [scanned(2.1, -1)]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True) == Progress(kept_s=2 * HOUR)


def test_a_job_without_a_model_keeps_what_its_checkpoints_prove() -> None:
    seen = [scanned(2.1, 1.5), scanned(5, 4)]
    kept = progress_of(TWICE, seen, checkpoints=True, completed=False, ended_at=at(5))
    assert kept == Progress(kept_s=round(2.5 * HOUR))


@pytest.mark.parametrize(("after_s", "exact"), [(0, False), (60, False), (119, False), (120, True), (600, True)])
@pytest.mark.parametrize("newest_h", [None, 1.5])
def test_what_a_scan_shows_while_the_container_may_still_write_is_a_minimum(
    newest_h: float | None, after_s: int, exact: bool
) -> None:
    seen = [scanned(2 + after_s / HOUR, newest_h)]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True).exact is exact
    at_once = (interval(0, 2), interval(2 + 60 / HOUR, 5))  # it trains again a minute later
    assert progress_of(at_once, seen, checkpoints=True, completed=True).exact is (after_s >= 60)


def test_a_scan_that_s3_refused_proves_nothing() -> None:
    seen = [scanned(2.1, None, problem="AccessDenied")]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True) == Progress(kept_s=2 * HOUR, exact=False)
