"""The clock: rings for what is overdue each minute, and for what changed unheard each hour."""

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
    """Ring for every overdue intent's job, oldest first, each failure on its own.

    A ring that fails is set back five minutes: at the head of the queue, one broken lineage would delay all others for good.
    """
    started_at = ports.clock.now()
    overdue = ports.ledger.due.overdue(started_at, TRIGGERS_MAX)
    oldest_s = max((int((started_at - o.trigger_at).total_seconds()) for o in overdue), default=0)
    failed: list[tuple[str, Exception]] = []
    triggered: set[Trigger] = set()
    for one in overdue:
        if ports.clock.now() - started_at > TIME_LIMIT:
            return SweepResult(triggered=len(triggered), failed=tuple(failed), overdue_s=oldest_s, left="out of time")
        if one.ring in triggered:
            continue
        triggered.add(one.ring)
        problem = trigger_job(one.ring, ports)
        if problem is not None:
            failed.append((one.ring.job, problem))
            ports.ledger.due.delay(one, ports.clock.now() + FAILED_DELAY)
    return SweepResult(triggered=len(triggered), failed=tuple(failed), overdue_s=oldest_s)


def trigger_job(ring: Trigger, ports: Ports) -> Exception | None:
    """Ring, and give a failure back: whatever is wrong with one job must not keep the others waiting."""
    try:
        reconcile(ring, ports)
    except Exception as problem:
        return problem
    return None
