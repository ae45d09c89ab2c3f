"""Records how long a job's phases took that a move waits for (start, restore, upload), and learns from recent jobs.

The policy's ``start``, ``restore`` and ``upload`` are minimums. Jobs on the same instance type and region can show longer times.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.jobs.job import Interval, Job, Service
from controller.ledger.pool import PhaseTimes
from controller.policy.resubmission import DeadlineSettings
from controller.savings.job_history import RUNS_MIN, quantile

JUST_STARTED = timedelta(hours=2)  # a live job is described at least once an hour, so its phases are recorded within this time
LEARNED_S_MAX = 7200  # other people's jobs cannot make a phase count as longer than that


def phase_times(facts: Facts) -> Decision:
    """Record the phases of a job that has just begun to train, or has ended."""
    job = facts.job
    if job.service is Service.PROBE or not job.intervals:
        return Decision()
    if job.alive and facts.now - job.intervals[0].start > JUST_STARTED:
        return Decision()
    times = PhaseTimes(
        region=job.region, instance_type=job.instance_type, job=job.name, at=job.ended_at or facts.now,
        start_s=None if job.spot else _start_s(job),
        restore_s=_length_s(job.downloading[:1]) if job.checkpoint_uri is not None else None,
        upload_s=_length_s(job.uploading[-1:], job.ended_at) if job.outcome else None,
    )  # fmt: skip
    return Decision(times=(times,) if (times.start_s, times.restore_s, times.upload_s) != (None, None, None) else ())


def learned(settings: DeadlineSettings, seen: Iterable[PhaseTimes]) -> DeadlineSettings:
    """The settings with the times that recent jobs took: for each phase that enough jobs show, if it is longer than the policy's.

    The policy's quantile of these times counts.
    """
    known = tuple(seen)

    def longest(least_s: int, times: Iterable[int | None]) -> int:
        found = [min(time, LEARNED_S_MAX) for time in times if time is not None]
        return max(least_s, quantile(found, settings.quantile)) if len(found) >= RUNS_MIN else least_s

    return replace(
        settings,
        start_s=longest(settings.start_s, (one.start_s for one in known)),
        restore_s=longest(settings.restore_s, (one.restore_s for one in known)),
        upload_s=longest(settings.upload_s, (one.upload_s for one in known)),
    )


def _start_s(job: Job) -> int:
    """Seconds from the creation to the first download; to the training, where SageMaker shows no download."""
    until = (*job.downloading[:1], *job.intervals[:1])[0].start
    return max(round((until - job.created_at).total_seconds()), 0)


def _length_s(spans: tuple[Interval, ...], end: datetime | None = None) -> int | None:
    """Seconds of the one span in ``spans``; None without a span, or while it lasts. ``end`` ends an open span."""
    ends = [(one.end or end, one.start) for one in spans]
    return next((max(round((until - start).total_seconds()), 0) for until, start in ends if until is not None), None)
