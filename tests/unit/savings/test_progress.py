"""What was kept of a job's training, through its interruptions."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.jobs.job import Interval
from controller.ledger.entry import CheckpointScanned
from controller.savings.progress import Progress, progress_of
from tests.builders import BEGIN

HOUR = 3600


def at(hours: float) -> datetime:
    return BEGIN + timedelta(hours=hours)


def stretch(start_h: float, end_h: float) -> Interval:
    return Interval(start=at(start_h), end=at(end_h))


def looked(at_h: float, newest_h: float | None, **changes: object) -> CheckpointScanned:
    told = {
        "job": "bert", "at": at(at_h), "team": None, "occasion": f"interrupted/{at_h}", "uri": "s3://c/b/", "objects": 1,
        "bytes_seen": 1, "newest_at": at(newest_h) if newest_h is not None else None, "complete": True, "proven_s": 0,
        "at_risk_s": 0, "problem": None,
    } | changes  # fmt: skip
    return CheckpointScanned(**told)  # type: ignore[arg-type]


TWICE = (stretch(0, 2), stretch(3, 5))


def test_a_job_that_nothing_interrupted_keeps_all_of_its_training() -> None:
    assert progress_of([stretch(0, 2)], (), checkpoints=False, completed=True) == Progress(kept_s=2 * HOUR)


def test_without_a_checkpoint_everything_before_the_last_stretch_was_in_vain() -> None:
    assert progress_of(TWICE, (), checkpoints=False, completed=True) == Progress(kept_s=2 * HOUR)


def test_what_was_trained_after_the_newest_checkpoint_is_lost_to_the_interruption() -> None:
    seen = [looked(2.1, 1.5)]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True) == Progress(kept_s=round(3.5 * HOUR))


def test_where_nobody_looked_the_stretch_counts_as_lost_and_the_figure_is_a_bound() -> None:
    assert progress_of(TWICE, (), checkpoints=True, completed=True) == Progress(kept_s=2 * HOUR, exact=False)


def test_who_looked_after_the_next_stretch_had_written_cannot_tell_any_more() -> None:
    seen = [looked(4.5, 4.2)]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True) == Progress(kept_s=2 * HOUR, exact=False)


def test_a_look_while_it_still_trained_proves_at_least_so_much() -> None:
    seen = [looked(1, 0.9, occasion="first")]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True) == Progress(kept_s=round(2.9 * HOUR), exact=False)


def test_a_prefix_too_long_to_list_proves_at_least_what_was_seen_of_it() -> None:
    seen = [looked(2.1, 1.5, complete=False)]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True) == Progress(kept_s=round(3.5 * HOUR), exact=False)


def test_a_checkpoint_from_before_the_job_is_no_work_of_its_own() -> None:
    seen = [looked(2.1, -1)]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True) == Progress(kept_s=2 * HOUR)


def test_a_job_without_its_model_keeps_what_its_checkpoints_prove() -> None:
    seen = [looked(2.1, 1.5), looked(5, 4)]
    assert progress_of(TWICE, seen, checkpoints=True, completed=False) == Progress(kept_s=round(2.5 * HOUR))


def test_a_look_that_s3_refused_proves_nothing() -> None:
    seen = [looked(2.1, None, problem="AccessDenied")]
    assert progress_of(TWICE, seen, checkpoints=True, completed=True) == Progress(kept_s=2 * HOUR, exact=False)
