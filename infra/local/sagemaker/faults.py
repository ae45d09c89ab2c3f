"""The faults of this SageMaker: how often each happens, and the random numbers that decide it.

Failures of a job's own container are part of its script; ``PlannedFailures`` counts how often they happened.
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
"""The least and the greatest duration in seconds; durations are drawn evenly between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSettings:
    """The probability of each fault, and the duration of those that have one."""

    event_lost: float = 0.0  # a change of status whose event never arrives
    event_duplicated: float = 0.0  # an event that arrives twice
    event_late: float = 0.0  # an event that arrives up to an hour late
    event_reordered: float = 0.0  # an event that may arrive after later events
    throttled: float = 0.0  # an API call that fails with ThrottlingException
    on_demand_shortage: float = 0.0  # an on-demand launch without capacity
    on_demand_late: float = 0.0  # an on-demand launch that takes far longer than others (seen: 28 to 58 minutes)
    stuck: float = 0.0  # a job whose Stopping or Uploading lasts longer than a day (aws/sagemaker-python-sdk#3062)

    event_delay: Span = (0.2, 2.0)  # the delay of all events
    event_late_by: Span = (60, 3600)
    event_reordered_by: Span = (0, 90)
    on_demand_search: Span = (600, 3600)  # from the launch to the CapacityError
    on_demand_late_by: Span = (1680, 3480)
    stuck_for: Span = (90_000, 200_000)


class Faults:
    """Draws the faults of one world. Events, API calls and jobs each have their own stream of random numbers."""

    def __init__(self, settings: FaultSettings, *, events: Random, calls: Random, jobs: Random) -> None:
        self._settings, self._events, self._calls, self._jobs = settings, events, calls, jobs

    def event_copies(self) -> Iterator[tuple[timedelta, int]]:
        """Yield the delay and 128 random bits for each copy of an event that arrives: nothing if the event is lost."""
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
        """Return whether this on-demand launch has no capacity."""
        return self._jobs.random() < self._settings.on_demand_shortage

    def on_demand_late_by(self) -> timedelta:
        """Return how much later than others this on-demand launch is."""
        settings, rng = self._settings, self._jobs
        if settings.on_demand_late and rng.random() < settings.on_demand_late:
            return timedelta(seconds=int(rng.uniform(*settings.on_demand_late_by)))
        return timedelta(0)

    def stuck_for(self) -> timedelta | None:
        """Return how much longer this Stopping or Uploading lasts; None if it is not stuck."""
        settings, rng = self._settings, self._jobs
        if settings.stuck and rng.random() < settings.stuck:
            return timedelta(seconds=int(rng.uniform(*settings.stuck_for)))
        return None


class PlannedFailures:
    """The failures that scripts plan, with counts. Jobs with the same hyperparameters share a count."""

    def __init__(self) -> None:
        self._happened: Counter[str] = Counter()

    def next(self, job: TrainingJob, phase: Phase) -> str | None:
        """Return the FailureReason with which a job will fail in a phase; None if it will not fail."""
        script = job.script
        if script.fails is None or script.fails.phase is not phase:
            return None
        exhausted = script.fails_times is not None and self._happened[_work(job)] >= script.fails_times
        return None if exhausted else script.fails.reason

    def take(self, job: TrainingJob, phase: Phase) -> str | None:
        """Return what ``next`` returns, and count the failure."""
        reason = self.next(job, phase)
        if reason is not None:
            self._happened[_work(job)] += 1
        return reason


def _work(job: TrainingJob) -> str:
    return json.dumps(job.request.get("HyperParameters") or {}, sort_keys=True)
