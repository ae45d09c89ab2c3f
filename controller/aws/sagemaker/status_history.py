"""Reads what happened to a described job: its status, times, interruptions, outcome and usage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypedDict

from controller.aws.sagemaker.hide_secrets import without_values
from controller.aws.sagemaker.members import SECONDS_MAX, Document, moment, objects, section, text, whole
from controller.jobs.failure import FailureCause, classify
from controller.jobs.job import Interval, Outcome, Usage, outcome_of

EPOCH = datetime.fromtimestamp(0, UTC)  # stands for an unknown creation time
PENDING_SLACK_S = 60  # SageMaker's own times are not exact to the second


class StatusHistory(TypedDict):
    """The fields of a job that contain what happened to it; times are in UTC."""

    status: str
    secondary: str
    outcome: Outcome | None
    failure: str | None
    usage: Usage | None
    created_at: datetime
    started_at: datetime | None
    stopping_at: datetime | None
    ended_at: datetime | None
    interrupted_at: tuple[datetime, ...]
    repeated_at: tuple[datetime, ...]
    intervals: tuple[Interval, ...]
    downloading: tuple[Interval, ...]
    uploading: tuple[Interval, ...]


def status_history(body: Document) -> StatusHistory:
    """Read what happened to a job. Raises BadDocument."""
    status, secondary = text(body, "TrainingJobStatus") or "", text(body, "SecondaryStatus") or ""
    failure, modified_at = text(body, "FailureReason"), moment(body, "LastModifiedTime")
    created_at = moment(body, "CreationTime") or EPOCH
    lines = objects(body, "SecondaryStatusTransitions")
    outcome = Outcome.CAPACITY if _timed_out_pending(body, lines) else outcome_of(status, secondary, failure)
    return StatusHistory(
        status=status,
        secondary=secondary,
        outcome=outcome,
        failure=without_values(failure, body) if failure else None,
        usage=_usage(body),
        created_at=created_at,
        started_at=moment(body, "TrainingStartTime"),
        stopping_at=_stopping_at(lines) or (modified_at if status == "Stopping" else None),
        # A job that never trained has no TrainingEndTime. LastModifiedTime comes last: it may change after the end.
        ended_at=(moment(body, "TrainingEndTime") or _last_moment(lines) or modified_at) if outcome else None,
        interrupted_at=tuple(moment(line, "StartTime") or created_at for line in lines if line.get("Status") == "Interrupted"),
        repeated_at=_repeated_at(lines),
        intervals=_intervals(lines, "Training"),
        downloading=_intervals(lines, "Downloading"),
        uploading=_intervals(lines, "Uploading"),
    )


def _usage(body: Document) -> Usage | None:
    """What the job used; None until it is final. A warm pool that still waits for a job is still being billed."""
    training_s, billable_s = whole(body, "TrainingTimeInSeconds", SECONDS_MAX), whole(body, "BillableTimeInSeconds", SECONDS_MAX)
    pool = section(body, "WarmPoolStatus")
    if training_s is None or billable_s is None or pool.get("Status") in ("Available", "InUse"):
        return None
    return Usage(
        training_s=training_s,
        billable_s=billable_s,
        retained_s=whole(pool, "ResourceRetainedBillableTimeInSeconds", SECONDS_MAX) or 0,
    )


def _timed_out_pending(body: Document, lines: Sequence[Document]) -> bool:
    """Whether the job was stopped because it waited for capacity longer than MaxPendingTimeInSeconds.

    SageMaker documents that such a job is Stopped, but not its SecondaryStatus, nor whether it is Pending or Starting while it
    waits. So a SecondaryStatus, StatusMessage or FailureReason that names the cause decides; else the time that it waited.
    """
    if text(body, "TrainingJobStatus") != "Stopped" or moment(body, "TrainingStartTime") is not None:
        return False
    secondary = text(body, "SecondaryStatus") or ""
    if "pending" in secondary.lower() or "capacity" in secondary.lower():
        return True
    if secondary == "MaxWaitTimeExceeded":
        return False
    limit_s = whole(section(body, "StoppingCondition"), "MaxPendingTimeInSeconds", SECONDS_MAX)
    waits = _intervals(lines, "Pending") or _intervals(lines, "Starting")
    over = _last_moment(lines)  # the end of the last wait, where its transition has none
    waited_s = sum((end - one.start).total_seconds() for one in waits if (end := one.end or over) is not None)
    last = (text(line, "StatusMessage") or "" for line in lines if line.get("Status") in ("Stopping", "Stopped"))
    said = any(word in message.lower() for message in last for word in ("pending", "capacity"))
    told = said or classify(text(body, "FailureReason")) is FailureCause.CAPACITY
    return told or (limit_s is not None and waited_s >= limit_s - PENDING_SLACK_S)


def _stopping_at(lines: Sequence[Document]) -> datetime | None:
    return next((moment(line, "StartTime") for line in lines if line.get("Status") == "Stopping"), None)


def _intervals(lines: Sequence[Document], status: str) -> tuple[Interval, ...]:
    """When the job had a status such as Training. A transition without an end lasts until the next one; without a start, it is
    ignored.
    """
    told = (
        (moment(line, "StartTime"), moment(line, "EndTime") or moment(after, "StartTime"))
        for line, after in pairwise((*lines, {}))
        if line.get("Status") == status
    )
    return tuple(Interval(start=start, end=end) for start, end in told if start is not None)


def _repeated_at(lines: Sequence[Document]) -> tuple[datetime, ...]:
    """When SageMaker started the job again by itself: it is Starting after it had its instances, without an interruption between.

    RetryStrategy does that after an internal error; the job keeps its name.
    """
    again = (line for before, line in pairwise(lines) if line.get("Status") in _STARTS and before.get("Status") in _HAS_INSTANCES)
    return tuple(at for line in again if (at := moment(line, "StartTime")) is not None)


_STARTS = frozenset({"Starting", "Restarting", "Pending"})
_HAS_INSTANCES = frozenset({"Downloading", "DownloadingTrainingImage", "Training", "Uploading"})


def _last_moment(lines: Sequence[Document]) -> datetime | None:
    return (moment(lines[-1], "EndTime") or moment(lines[-1], "StartTime")) if lines else None
