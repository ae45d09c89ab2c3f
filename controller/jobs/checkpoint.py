"""What is known of a checkpoint prefix: what a scan found there, and how much training it proves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from math import sqrt

from controller.jobs.job import Interval
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointScan:
    """What lay below a prefix at one moment, as far as a few list requests show.

    ``objects`` counts the checkpoint files and ``others`` the logs, temporary and empty files beside them. ``newest_at`` is when
    the newest complete checkpoint was written, None where none was. ``complete`` says whether nothing newer can be unseen;
    ``problem`` says in words why nothing could be seen. ``sibling`` is a prefix beside this one that begins with its text, where
    this one does not end with a slash: S3 compares texts, so ``bert-1`` also means ``bert-10/``.
    """

    uri: str
    scanned_at: datetime
    objects: int
    bytes_seen: int
    newest_at: datetime | None
    complete: bool
    problem: str | None = None
    others: int = 0
    sibling: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing at all lies there; of what could not be seen, nobody knows."""
        return self.problem is None and self.complete and self.objects == self.others == 0

    @property
    def at(self) -> datetime:
        """When the prefix was scanned."""
        return self.scanned_at


SAVED_WITHIN = timedelta(seconds=120)  # of an interval's end: how long a container may go on to write
NOT_LOOKED_INTO = "not looked into: the bucket is not in CheckpointBuckets"


def proven_of(interval: Interval, after: Interval | None, ended_at: datetime | None, written_at: datetime) -> timedelta | None:
    """How much of an interval's training a checkpoint proves; None where the checkpoint is not of this interval.

    ``after`` is the next interval of the job, ``ended_at`` its TrainingEndTime. A checkpoint that the script saves in the 120
    seconds between the interruption and the end of its container is written after the interval's end, and proves all of it.
    """
    until = after.start if after else ended_at
    if written_at <= interval.start or (until is not None and written_at > until):
        return None
    return min(interval.end or written_at, written_at) - interval.start


def written_until(interval: Interval, after: Interval | None, ended_at: datetime | None) -> datetime:
    """From when on nothing that is written can be a checkpoint of this interval."""
    grace_ends_at = (interval.end or interval.start) + SAVED_WITHIN
    if after is not None:
        return min(after.start, grace_ends_at)
    return ended_at if ended_at is not None else grace_ends_at


def with_next(intervals: Sequence[Interval]) -> Iterable[tuple[Interval, Interval | None]]:
    """Each interval of training with the one after it."""
    return zip_longest(intervals, intervals[1:])


def trained_s(intervals: Iterable[Interval], now: datetime) -> int:
    """Training seconds so far."""
    return _whole_s((i.end or now) - i.start for i in intervals)


def at_risk_s(scan: CheckpointScan, intervals: Iterable[Interval], now: datetime, ended_at: datetime | None = None) -> int:
    """Training seconds since the newest checkpoint: lost, if the job is interrupted now, or if it has ended.

    All training counts where no checkpoint was ever written. What earlier interruptions cost is not part of it.
    """
    spans = tuple(intervals)
    if scan.newest_at is None:
        return trained_s(spans, now)
    at_risk = timedelta()
    for interval, after in with_next(spans):
        end = interval.end or now
        proven = proven_of(interval, after, ended_at, scan.newest_at)
        if proven is not None:
            at_risk = end - interval.start - proven
        elif interval.start >= scan.newest_at:
            at_risk += end - interval.start
    return _whole_s((max(at_risk, timedelta()),))


def within(uri: str, prefix: str) -> bool:
    """Whether a prefix lies in a folder: ``s3://acme/`` does not hold ``s3://acme-evil/``, with or without its last slash."""
    folder = prefix.rstrip("/")
    return uri.rstrip("/") == folder or uri.startswith(f"{folder}/")


def advised_interval_s(interruptions_per_h: float, write_s: float) -> int:
    """How often to write a checkpoint: √(2·C·MTBF), in seconds.

    J. W. Young, "A first order approximation to the optimum checkpoint interval", CACM 17 (1974); J. T. Daly, "A higher order
    estimate of the optimum checkpoint interval for restart dumps", FGCS 22 (2006), which agrees while C is far below the MTBF.
    """
    return round(sqrt(2 * write_s * 3600 / interruptions_per_h))


def _whole_s(spans: Iterable[timedelta]) -> int:
    return round(sum((span for span in spans), timedelta()).total_seconds())
