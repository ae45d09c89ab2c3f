"""Computes how much of a job's training was kept through its interruptions, and how certain the figure is.

SageMaker restarts an interrupted spot job from its checkpoint prefix. Training after the newest checkpoint is lost; without a
checkpoint all training is lost, although TrainingTimeInSeconds may still count it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller.jobs.job import Interval, Job, Outcome, Service, Usage
from controller.ledger.entry import CheckpointScanned


class Basis(StrEnum):
    """Why seconds count as useful, from the most certain down."""

    WHOLE = "whole"  # the job completed without an interruption
    SEEN = "seen"  # each checkpoint that counts was seen
    BOUND = "bound"  # a minimum: no scan came in time to show more
    LOST = "in vain"  # no checkpoint was written, or no attempt resumed from it


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Training seconds that were kept, and whether the figure is exact or a minimum."""

    kept_s: int
    exact: bool = True


def progress_of(
    intervals: Sequence[Interval], scans: Iterable[CheckpointScanned], *, checkpoints: bool, completed: bool
) -> Progress:
    """What a finished job kept of its training, in seconds per instance.

    ``intervals`` are its intervals of training, ``scans`` are the checkpoint scans with their times, ``checkpoints`` says whether
    the job was configured to write checkpoints. The last interval of a completed job counts in full; any other interval counts up
    to its newest checkpoint.
    """
    seen = [s for s in scans if s.problem is None]
    kept, exact = 0.0, True
    for number, interval in enumerate(intervals, start=1):
        end = interval.end or interval.start
        if completed and number == len(intervals):
            kept += (end - interval.start).total_seconds()
        elif not checkpoints:
            kept = 0.0
        else:
            newest, certain = _newest_within(interval.start, end, seen)
            kept += (newest - interval.start).total_seconds() if newest else 0.0
            exact = exact and certain
    return Progress(kept_s=round(kept), exact=exact)


def _newest_within(start: datetime, end: datetime, seen: Iterable[CheckpointScanned]) -> tuple[datetime | None, bool]:
    """The newest checkpoint of an interval that a scan saw, and whether it certainly is the newest.

    It is certain where a scan saw the whole prefix after the interval and found nothing newer. A scan after the next interval has
    written a checkpoint proves nothing any more.
    """
    newest: datetime | None = None
    certain = False
    for scan in seen:
        written = scan.newest_at
        if written is not None and start < written <= end:
            newest = max(written, newest or written)
        certain = certain or (scan.at >= end and scan.complete and (written is None or written <= end))
    return newest, certain


def useful_seconds(job: Job, usage: Usage, scans: Iterable[CheckpointScanned]) -> tuple[int, Basis]:
    """The useful seconds of a finished job and their basis. Other time that AWS counts (the download) is not lost.

    Training that AWS left out of TrainingTimeInSeconds is not useful: it was lost within the first hour of its interval.
    """
    if job.outcome is not Outcome.COMPLETED or job.service is Service.PROBE:
        return 0, Basis.LOST
    if len(job.intervals) <= 1:
        return usage.training_s, Basis.WHOLE
    kept = progress_of(job.intervals, scans, checkpoints=job.checkpoint_uri is not None, completed=True)
    trained_s = round(sum(((i.end or i.start) - i.start).total_seconds() for i in job.intervals))
    other_s = max(usage.training_s - trained_s, 0)
    return min(usage.training_s, kept.kept_s + other_s), Basis.SEEN if kept.exact else Basis.BOUND
