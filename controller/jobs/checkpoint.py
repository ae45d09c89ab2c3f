"""What is known about a checkpoint prefix: what a scan found there, and how much training it proves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from math import sqrt

from controller.jobs.job import Interval
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointScan:
    """What lay below a prefix at one moment, as far as a limited number of list requests shows.

    ``objects`` counts the checkpoint files, ``bytes_seen`` is their size, and ``others`` counts logs, temporary and empty files.
    ``newest_at`` is when the newest complete checkpoint was written; None without one. ``complete`` is False if a newer one may
    not have been listed. ``problem`` is why the prefix could not be scanned, in words. ``sibling`` is another prefix that this
    one also matches because it does not end with a slash: an S3 prefix is plain text, so ``bert-1`` matches ``bert-10/``.
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
        """Whether nothing at all lies there; False where that is not certain."""
        return self.problem is None and self.complete and self.objects == self.others == 0

    @property
    def at(self) -> datetime:
        """When the prefix was scanned."""
        return self.scanned_at


SAVED_WITHIN = timedelta(seconds=120)  # how long a container may still write after the end of its interval (its grace period)
BUCKET_NOT_LISTED = "the bucket is not in CheckpointBuckets"
NOT_READ = f"not read: {BUCKET_NOT_LISTED}"


def proven_of(interval: Interval, after: Interval | None, ended_at: datetime | None, written_at: datetime) -> timedelta | None:
    """How much of an interval's training a checkpoint proves that was written at ``written_at``.

    None if the checkpoint is not of this interval. ``after`` is the next interval of the job, ``ended_at`` its TrainingEndTime. A
    script can still save in the 120 seconds between the interruption and the end of its container: that checkpoint is written
    after the interval's end, and proves all of it.
    """
    until = after.start if after else ended_at
    if written_at <= interval.start or (until is not None and written_at > until):
        return None
    return min(interval.end or written_at, written_at) - interval.start


def written_until(interval: Interval, after: Interval | None, ended_at: datetime | None) -> datetime:
    """The time after which nothing that is written can be a checkpoint of this interval."""
    grace_ends_at = (interval.end or interval.start) + SAVED_WITHIN
    if after is not None:
        return min(after.start, grace_ends_at)
    return ended_at if ended_at is not None else grace_ends_at


def with_next(intervals: Sequence[Interval]) -> Iterable[tuple[Interval, Interval | None]]:
    """Each interval of training with the next one, which is None for the last."""
    return zip_longest(intervals, intervals[1:])


def trained_s(intervals: Iterable[Interval], now: datetime) -> int:
    """Training seconds of these intervals; one that lasts counts until ``now``."""
    return _whole_s((i.end or now) - i.start for i in intervals)


def at_risk_s(scan: CheckpointScan, intervals: Iterable[Interval], now: datetime, ended_at: datetime | None = None) -> int:
    """Training seconds since the newest checkpoint: those that an interruption now would lose, or that the end lost.

    Without any checkpoint, all training counts. Training that earlier interruptions lost does not count.
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
    """Whether ``uri`` is the folder ``prefix`` or lies in it. A slash at the end does not matter: ``s3://acme-evil/`` is not in
    ``s3://acme``.
    """
    folder = prefix.rstrip("/")
    return uri.rstrip("/") == folder or uri.startswith(f"{folder}/")


def advised_interval_s(interruptions_per_h: float, write_s: float) -> int:
    """How often to write a checkpoint, in seconds: √(2·C·MTBF), with C = ``write_s``, the seconds that one write takes.

    J. W. Young, "A first order approximation to the optimum checkpoint interval", CACM 17 (1974). J. T. Daly, "A higher order
    estimate of the optimum checkpoint interval for restart dumps", FGCS 22 (2006), agrees if C is much less than the MTBF.
    Raises ZeroDivisionError for a rate of 0.
    """
    return round(sqrt(2 * write_s * 3600 / interruptions_per_h))


def _whole_s(spans: Iterable[timedelta]) -> int:
    return round(sum((span for span in spans), timedelta()).total_seconds())
