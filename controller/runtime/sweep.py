"""The clock: rings for what is overdue each minute, and for what changed unheard each hour."""

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
    """Ring for every overdue intent's job, oldest first, each failure on its own.

    A ring that fails is set back five minutes: at the head of the queue, one broken lineage would delay all others for good.
    """
    started_at = ports.clock.now()
    overdue = ports.ledger.overdue(started_at, TRIGGERS_MAX)
    oldest_s = max((int((started_at - o.trigger_at).total_seconds()) for o in overdue), default=0)
    failed: list[tuple[str, Exception]] = []
    problems: list[tuple[str, DeciderProblem]] = []
    left = ""
    triggered: set[Trigger] = set()
    for one in overdue:
        if ports.clock.now() - started_at > TIME_LIMIT:
            left = "out of time"
            break
        if one.ring in triggered:
            continue
        triggered.add(one.ring)
        result = trigger_job(one.ring, ports)
        if isinstance(result, Exception):
            failed.append((one.ring.job, result))
            ports.ledger.delay(one, ports.clock.now() + FAILED_DELAY)
        else:
            problems += [(one.ring.job, problem) for problem in result.problems]
    return SweepResult(
        triggered=len(triggered), failed=tuple(failed), overdue_s=oldest_s, left=left, problems=tuple(problems)
    )  # fmt: skip


def trigger_job(ring: Trigger, ports: Ports) -> Reconciled | Exception:
    """Ring, and give a failure back: whatever is wrong with one job must not keep the others waiting."""
    try:
        return reconcile(ring, ports)
    except Exception as problem:
        return problem
