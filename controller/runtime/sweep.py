"""Triggers the jobs of overdue intents, each minute. ``discover`` uses the same functions each hour."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from controller.decide.decision import DeciderProblem
from controller.runtime.ports import Ports, Trigger
from controller.runtime.reconcile import Reconciled, reconcile
from controller.runtime.timeouts import TIME_LIMIT

TRIGGERS_MAX = 500
FAILED_DELAY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """What one pass of the clock did. ``overdue_s`` is how late the oldest intent was, ``left`` says why it stopped early.

    ``failed`` are jobs whose trigger raised, ``problems`` are deciders that raised on a job that was else looked after.
    """

    triggered: int = 0
    failed: tuple[tuple[str, Exception], ...] = field(default=())
    overdue_s: int = 0
    left: str = ""
    problems: tuple[tuple[str, DeciderProblem], ...] = ()

    def __add__(self, other: SweepResult) -> SweepResult:
        return SweepResult(
            triggered=self.triggered + other.triggered,
            failed=self.failed + other.failed,
            overdue_s=max(self.overdue_s, other.overdue_s),
            left=self.left or other.left,
            problems=self.problems + other.problems,
        )


def sweep(ports: Ports) -> SweepResult:
    """Trigger the job of every overdue intent, oldest first. A failure does not stop the others.

    A failing trigger is delayed by five minutes: at the head of the queue, one broken lineage would delay all others for good.
    """
    started_at = ports.clock.now()
    overdue = ports.ledger.due.overdue(started_at, TRIGGERS_MAX)
    oldest_s = max((int((started_at - o.trigger_at).total_seconds()) for o in overdue), default=0)
    failed: list[tuple[str, Exception]] = []
    problems: list[tuple[str, DeciderProblem]] = []
    left = ""
    triggered: set[Trigger] = set()
    for one in overdue:
        if ports.clock.now() - started_at > TIME_LIMIT:
            left = "out of time"
            break
        if one.trigger in triggered:
            continue
        triggered.add(one.trigger)
        result = trigger_job(one.trigger, ports)
        if isinstance(result, Exception):
            failed.append((one.trigger.job, result))
            ports.ledger.due.delay(one, ports.clock.now() + FAILED_DELAY)
        else:
            problems += [(one.trigger.job, problem) for problem in result.problems]
    return SweepResult(
        triggered=len(triggered), failed=tuple(failed), overdue_s=oldest_s, left=left, problems=tuple(problems)
    )  # fmt: skip


def trigger_job(trigger: Trigger, ports: Ports) -> Reconciled | Exception:
    """Trigger a job, and return the exception if it fails: a problem with one job must not delay the others."""
    try:
        return reconcile(trigger, ports)
    except Exception as problem:
        return problem
