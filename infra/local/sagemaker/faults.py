"""The fault model: every fault of this SageMaker in one list, how often each happens, and the draws that decide it.

A failure of the job's own container is part of its script; ``PlannedFailures`` counts how often it happened.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from infra.local.sagemaker.job import TrainingJob
from infra.local.sagemaker.phase import Phase

Span = tuple[float, float]
"""A duration in seconds, drawn evenly between two bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSettings:
    """The list of faults: the probability of each, then how long those last that have a duration."""

    event_lost: float = 0.0  # a change of status whose event never arrives
    event_duplicated: float = 0.0  # an event that arrives twice
    event_late: float = 0.0  # an event that arrives up to an hour late
    event_reordered: float = 0.0  # an event that others overtake
    throttled: float = 0.0  # an API call answered with ThrottlingException
    on_demand_shortage: float = 0.0  # an on-demand launch that finds no instance
    on_demand_late: float = 0.0  # an on-demand launch that takes far longer than others (seen: 28 to 58 minutes)
    stuck: float = 0.0  # a job whose Stopping or Uploading lasts longer than a day (aws/sagemaker-python-sdk#3062)

    event_delay: Span = (0.2, 2.0)  # of every event
    event_late_by: Span = (60, 3600)
    event_reordered_by: Span = (0, 90)
    on_demand_search: Span = (600, 3600)  # from the launch to the CapacityError
    on_demand_late_by: Span = (1680, 3480)
    stuck_for: Span = (90_000, 200_000)


class Faults:
    """Draws the faults of one world. Events, API calls and jobs have streams of their own."""

    def __init__(self, settings: FaultSettings, *, events: Random, calls: Random, jobs: Random) -> None:
        self._settings, self._events, self._calls, self._jobs = settings, events, calls, jobs

    def event_copies(self) -> Iterator[tuple[timedelta, int]]:
        """Yield the delay and the random bits of each copy of an event that arrives: none when it is lost."""
        settings, rng = self._settings, self._events
        if rng.random() < settings.event_lost:
            return
        for _ in range(1 + (rng.random() < settings.event_duplicated)):
            delay_s = rng.uniform(*settings.event_delay)
            if rng.random() < settings.event_late:
                delay_s += rng.uniform(*settings.event_late_by)
            if rng.random() < settings.event_reordered:
                delay_s += rng.uniform(*settings.event_reordered_by)
            yield timedelta(milliseconds=int(1000 * delay_s)), rng.getrandbits(128)

    def throttles(self) -> bool:
        """Return whether this API call is throttled."""
        return self._settings.throttled > 0 and self._calls.random() < self._settings.throttled

    def has_no_on_demand_capacity(self) -> bool:
        """Return whether this on-demand launch finds no instance."""
        return self._jobs.random() < self._settings.on_demand_shortage

    def on_demand_late_by(self) -> timedelta:
        """Return how much later than others this on-demand launch is."""
        settings, rng = self._settings, self._jobs
        if settings.on_demand_late and rng.random() < settings.on_demand_late:
            return timedelta(seconds=int(rng.uniform(*settings.on_demand_late_by)))
        return timedelta(0)

    def stuck_for(self) -> timedelta | None:
        """Return how much longer this Stopping or Uploading lasts; None when it is not stuck."""
        settings, rng = self._settings, self._jobs
        if settings.stuck and rng.random() < settings.stuck:
            return timedelta(seconds=int(rng.uniform(*settings.stuck_for)))
        return None


class PlannedFailures:
    """The failures that scripts plan, counted by work: jobs with the same hyperparameters share one count."""

    def __init__(self) -> None:
        self._happened: Counter[str] = Counter()

    def next(self, job: TrainingJob, phase: Phase) -> str | None:
        """Return the FailureReason with which a job will fail in a phase; None when it will not."""
        script = job.script
        if script.fails is None or script.fails.phase is not phase:
            return None
        exhausted = script.fails_times is not None and self._happened[_work(job)] >= script.fails_times
        return None if exhausted else script.fails.reason

    def take(self, job: TrainingJob, phase: Phase) -> str | None:
        """Return the same FailureReason, and count it."""
        reason = self.next(job, phase)
        if reason is not None:
            self._happened[_work(job)] += 1
        return reason


def _work(job: TrainingJob) -> str:
    return json.dumps(job.request.get("HyperParameters") or {}, sort_keys=True)
