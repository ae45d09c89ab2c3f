"""How far a training job came, through its interruptions: what of its training was kept, and on what grounds that is said.

SageMaker restarts an interrupted spot job from its checkpoint prefix. What the container had trained since the newest checkpoint
was trained in vain, and without a checkpoint all of it was, though TrainingTimeInSeconds may go on counting it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller.jobs.job import Interval, Job, Outcome, Service, Usage
from controller.ledger.entry import CheckpointScanned


class Basis(StrEnum):
    """On what grounds seconds count as useful; from the firmest down."""

    WHOLE = "whole"  # nothing interrupted it, and it has its model
    SEEN = "seen"  # the checkpoints were seen each time it mattered
    BOUND = "bound"  # nobody looked in time: so much is certain, and it may have been more
    IN_VAIN = "in vain"  # nothing was written, or nobody resumed from it


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Training seconds that were kept, and whether that is known (True) or the least it can have been."""

    kept_s: int
    exact: bool = True


def progress_of(
    intervals: Sequence[Interval], scans: Iterable[CheckpointScanned], *, checkpoints: bool, completed: bool
) -> Progress:
    """What a finished job kept of its training, per instance.

    ``intervals`` are its stretches of training, ``scans`` what was seen of its checkpoints and when, ``checkpoints`` says
    whether it was configured to write any. Of a completed job the last stretch counts in full; of any other it counts as far as
    a checkpoint proves it.
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
    """The newest checkpoint of a stretch that anybody saw, and whether it certainly was the newest.

    It was, where somebody saw the whole prefix after the stretch and nothing there was younger than it; whoever came after the
    next stretch had written cannot tell any more.
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
    """The useful seconds of a finished job, and on what grounds; what AWS counts beside training (the download) is not lost.

    What AWS left out of TrainingTimeInSeconds is not useful either: it was lost within its first hour.
    """
    if job.outcome is not Outcome.COMPLETED or job.service is Service.PROBE:
        return 0, Basis.IN_VAIN
    if len(job.intervals) <= 1:
        return usage.training_s, Basis.WHOLE
    kept = progress_of(job.intervals, scans, checkpoints=job.checkpoint_uri is not None, completed=True)
    trained_s = round(sum(((i.end or i.start) - i.start).total_seconds() for i in job.intervals))
    beside_s = max(usage.training_s - trained_s, 0)
    return min(usage.training_s, kept.kept_s + beside_s), Basis.SEEN if kept.exact else Basis.BOUND
