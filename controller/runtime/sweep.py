"""Triggers the jobs of overdue intents, each minute. ``discover`` uses the same functions each hour."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from controller.runtime.ports import Ports, Trigger
from controller.runtime.reconcile import reconcile
from controller.runtime.timeouts import TIME_LIMIT

TRIGGERS_MAX = 500
FAILED_DELAY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """What one pass of the clock did. ``overdue_s`` is how late the oldest intent was, ``left`` says why it stopped early."""

    triggered: int = 0
    failed: tuple[tuple[str, Exception], ...] = field(default=())
    overdue_s: int = 0
    left: str = ""

    def __add__(self, other: SweepResult) -> SweepResult:
        return SweepResult(
            triggered=self.triggered + other.triggered,
            failed=self.failed + other.failed,
            overdue_s=max(self.overdue_s, other.overdue_s),
            left=self.left or other.left,
        )


def sweep(ports: Ports) -> SweepResult:
    """Trigger the job of every overdue intent, oldest first. A failure does not stop the others.

    A failing trigger is delayed by five minutes: at the head of the queue, one broken lineage would delay all others for good.
    """
    started_at = ports.clock.now()
    overdue = ports.ledger.due.overdue(started_at, TRIGGERS_MAX)
    oldest_s = max((int((started_at - o.trigger_at).total_seconds()) for o in overdue), default=0)
    failed: list[tuple[str, Exception]] = []
    triggered: set[Trigger] = set()
    for one in overdue:
        if ports.clock.now() - started_at > TIME_LIMIT:
            return SweepResult(triggered=len(triggered), failed=tuple(failed), overdue_s=oldest_s, left="out of time")
        if one.trigger in triggered:
            continue
        triggered.add(one.trigger)
        problem = trigger_job(one.trigger, ports)
        if problem is not None:
            failed.append((one.trigger.job, problem))
            ports.ledger.due.delay(one, ports.clock.now() + FAILED_DELAY)
    return SweepResult(triggered=len(triggered), failed=tuple(failed), overdue_s=oldest_s)


def trigger_job(trigger: Trigger, ports: Ports) -> Exception | None:
    """Trigger a job, and return the exception if it fails: a problem with one job must not delay the others."""
    try:
        reconcile(trigger, ports)
    except Exception as problem:
        return problem
    return None
