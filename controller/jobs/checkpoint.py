"""What is said of a checkpoint prefix: who writes to it, and what was written. Configured is not written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from controller.jobs.job import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointScan:
    """What lay below a prefix at one moment, as far as two pages of its list show.

    ``newest_at`` is the newest LastModified seen, None where nothing was ever written; ``complete`` says whether every object
    was seen; ``problem`` says in words why nothing could be.
    """

    uri: str
    scanned_at: datetime
    objects: int
    bytes_seen: int
    newest_at: datetime | None
    complete: bool
    problem: str | None = None


def proven_training_s(scan: CheckpointScan, intervals: Iterable[Interval]) -> int:
    """Training seconds up to the newest object that was written while the job trained: what a next attempt need not do again."""
    newest = scan.newest_at
    if newest is None:
        return 0
    return _whole_s(min(i.end or newest, newest) - i.start for i in intervals if i.start <= newest)


def trained_s(intervals: Iterable[Interval], now: datetime) -> int:
    """Training seconds so far."""
    return _whole_s((i.end or now) - i.start for i in intervals)


def at_risk_s(scan: CheckpointScan, intervals: Iterable[Interval], now: datetime) -> int:
    """Training seconds since the newest object: lost, should the job be interrupted now, or should it have ended."""
    spans = tuple(intervals)
    return trained_s(spans, now) - proven_training_s(scan, spans)


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
