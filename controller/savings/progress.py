"""Computes how much of a job's training was kept through its interruptions, and how certain that is.

SageMaker restarts an interrupted spot job, which continues from its checkpoint prefix. Training after the newest checkpoint is
lost. Without a checkpoint all training is lost, although TrainingTimeInSeconds may still count it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from controller.jobs.checkpoint import proven_of, with_next, written_until
from controller.jobs.job import Interval, Job, Outcome, Service, Usage
from controller.units.value import dataclass

FIRST_HOUR_S = 3600
TUNERS = frozenset({Service.TUNING, Service.AUTOML})  # services that stop a job early if other jobs are better


class UsefulBasis(StrEnum):
    """Why seconds count as useful, in order of certainty. Values are stored."""

    WHOLE = "whole"  # the job completed without an interruption
    SEEN = "seen"  # each checkpoint that counts was seen
    BOUND = "bound"  # a minimum: no scan came in time to show more
    STOPPED = "stopped with a model"  # MaxRuntimeInSeconds or a tuner stopped it, and its model was stored
    LOST = "in vain"  # no checkpoint was written, or no attempt resumed from it


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Training seconds that were kept, and whether the figure is exact or a minimum."""

    kept_s: int
    exact: bool = True


class Scan(Protocol):
    """A checkpoint scan: what was seen below a prefix at one moment. ``CheckpointScan`` explains the fields."""

    @property
    def at(self) -> datetime: ...
    @property
    def newest_at(self) -> datetime | None: ...
    @property
    def complete(self) -> bool: ...
    @property
    def problem(self) -> str | None: ...


def progress_of(
    intervals: Sequence[Interval],
    scans: Iterable[Scan],
    *,
    checkpoints: bool,
    completed: bool,
    ended_at: datetime | None = None,
) -> Progress:
    """The training that a job has kept, in seconds per instance.

    ``intervals`` are its intervals of training, ``scans`` its checkpoint scans. ``checkpoints`` is whether it has a checkpoint
    prefix, ``ended_at`` is TrainingEndTime. The last interval of a completed job counts in full; any other interval counts up to
    its newest checkpoint. Deadlines and savings both use this function.
    """
    seen = [s for s in scans if s.problem is None]
    kept, exact = timedelta(), True
    for interval, after in with_next(intervals):
        if completed and after is None:
            kept += (interval.end or interval.start) - interval.start
        elif not checkpoints:
            kept = timedelta()
        else:
            proven, certain = _proven(interval, after, ended_at, seen)
            kept += proven
            exact = exact and certain
    return Progress(kept_s=round(kept.total_seconds()), exact=exact)


def work_at_most_s(
    intervals: Sequence[Interval], scans: Iterable[Scan], *, checkpoints: bool, ended_at: datetime | None = None
) -> int:
    """The training seconds in the model of a completed job; the maximum, if no scan shows what an interruption lost.

    The next run's duration is estimated from it. The maximum is the safe choice, because a low estimate misses deadlines.
    """
    seen = [s for s in scans if s.problem is None]
    work = timedelta()
    for interval, after in with_next(intervals):
        length = (interval.end or ended_at or interval.start) - interval.start
        if after is None:
            work += max(length, timedelta())
        elif not checkpoints:
            work = timedelta()
        else:
            kept, certain = _proven(interval, after, ended_at, seen)
            work += kept if certain else length
    return round(work.total_seconds())


def _proven(
    interval: Interval, after: Interval | None, ended_at: datetime | None, seen: Iterable[Scan]
) -> tuple[timedelta, bool]:
    """How much of an interval the scans prove, and whether that is certainly all that was kept.

    It is certain if a scan saw the whole prefix when the interval's container could write no more, and found nothing newer. A
    scan after the next interval has written a checkpoint proves nothing about this one.
    """
    kept, certain = timedelta(), False
    end = interval.end or interval.start
    for scan in seen:
        written = scan.newest_at
        proven = proven_of(interval, after, ended_at, written) if written is not None else None
        kept = max(kept, proven or timedelta())
        newer = written is not None and written > end and proven is None
        certain = certain or (scan.at >= written_until(interval, after, ended_at) and scan.complete and not newer)
    return kept, certain


def useful_seconds(job: Job, usage: Usage, scans: Iterable[Scan]) -> tuple[int, UsefulBasis]:
    """The useful seconds of a finished job, per instance, and their basis.

    For a completed job, other time in TrainingTimeInSeconds (the download) counts as useful. Training that is not in
    TrainingTimeInSeconds does not: it was lost to an interruption in the first hour of its interval.
    """
    if job.service is Service.PROBE:
        return 0, UsefulBasis.LOST
    if job.outcome is not Outcome.COMPLETED:
        return 0, UsefulBasis.STOPPED if stopped_with_model(job) else UsefulBasis.LOST
    if len(job.intervals) <= 1:
        return usage.training_s, UsefulBasis.WHOLE
    kept = progress_of(job.intervals, scans, checkpoints=job.checkpoint_uri is not None, completed=True, ended_at=job.ended_at)
    other_s = max(usage.training_s - _counted_s(job, usage), 0)
    return min(usage.training_s, kept.kept_s + other_s), UsefulBasis.SEEN if kept.exact else UsefulBasis.BOUND


def _counted_s(job: Job, usage: Usage) -> int:
    """The seconds of the job's intervals that TrainingTimeInSeconds contains: without those interrupted in their first hour.

    If TrainingTimeInSeconds is as long as all intervals, all of them count.
    """
    lengths = [((i.end or i.start) - i.start).total_seconds() for i in job.intervals]
    if usage.training_s >= round(sum(lengths)):
        return round(sum(lengths))
    return round(sum(length for length in lengths[:-1] if length >= FIRST_HOUR_S) + lengths[-1])


def stopped_with_model(job: Job) -> bool:
    """Whether MaxRuntimeInSeconds or a tuner stopped a job that trained, so that SageMaker stored its model of that time."""
    if not job.intervals or job.model_artifacts is None:
        return False
    return job.outcome is Outcome.OVERRAN or (job.outcome is Outcome.STOPPED and job.service in TUNERS)


def went_beyond(job: Job, proven_s: int) -> bool:
    """Whether an attempt got further than those before it, which makes them useful: it completed, or wrote a checkpoint."""
    return bool(job.intervals) and (job.outcome is Outcome.COMPLETED or proven_s > 0)


def resumed_seconds(kept_s: int, training_s: int, *, exact: bool) -> tuple[int, UsefulBasis]:
    """The useful seconds, and their basis, of an attempt from whose checkpoint a later attempt resumed.

    If ``exact`` is False, they are a minimum, also when they are 0.
    """
    useful_s = min(kept_s, training_s)
    return useful_s, (UsefulBasis.SEEN if useful_s else UsefulBasis.LOST) if exact else UsefulBasis.BOUND
