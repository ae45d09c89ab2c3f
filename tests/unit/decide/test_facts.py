"""What the facts of a job say about its training: what counts if nothing stops it, and what only checkpoints prove."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.job import Interval
from tests.builders import BEGIN, facts, job

MINUTE = timedelta(minutes=1)


def test_of_a_run_that_was_interrupted_the_checkpoints_before_and_all_training_since_count() -> None:
    intervals = (Interval(start=BEGIN, end=BEGIN + 60 * MINUTE), Interval(start=BEGIN + 70 * MINUTE, end=None))
    scan = CheckpointScan(
        uri="s3://checkpoints/bert/", scanned_at=BEGIN + 69 * MINUTE, objects=1, bytes_seen=1, complete=True,
        newest_at=BEGIN + 45 * MINUTE,
    )  # fmt: skip
    with_prefix = facts(job(intervals=intervals), now=BEGIN + 100 * MINUTE, checkpoint_scan=scan)
    assert with_prefix.trained_so_far_s == (45 + 30) * 60
    assert with_prefix.proven_training_s == 45 * 60
    without = replace(with_prefix, job=replace(with_prefix.job, checkpoint_uri=None))
    assert (without.trained_so_far_s, without.proven_training_s) == (30 * 60, 0)
