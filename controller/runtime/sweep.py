"""Triggers the jobs of overdue intents, each minute. ``discover`` uses the same functions each hour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from datetime import datetime, timedelta

from controller.decide.decision import DeciderProblem
from controller.runtime.announce_policy import announce_policy
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.ledger import FailingTrigger, Overdue
from controller.runtime.ports.policy import RefusedPolicy
from controller.runtime.read_events import Trigger
from controller.runtime.reconcile import Reconciled, reconcile
from controller.runtime.timeouts import LATE, TIME_LIMIT, first_in_turn
from controller.units.value import dataclass, replace

_Failing = dict[tuple[str, str], FailingTrigger]
TRIGGERS_MAX = 500
FAILED_DELAY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """The result of one pass of the sweep or of discover.

    ``triggered`` is the number of jobs that were triggered. ``overdue_s`` is for how many seconds the oldest open intent has been
    due; the delay after a failure does not reset it. ``failing`` is the number of failing triggers, including those that wait for
    their next try. ``left`` says why the pass stopped early. ``failed`` are jobs whose trigger raised. ``problems`` are deciders
    that raised, while the rest of their job's decision was carried out. ``unaccounted`` are the members of each job's description
    that this version does not know. ``policy_refused`` is a version of the policy that is not in force because it is bad, or
    cannot be read. ``policy`` is the revision in force when the pass began.
    """

    triggered: int = 0
    failed: tuple[tuple[str, Exception], ...] = field(default=())
    overdue_s: int = 0
    failing: int = 0
    left: str = ""
    problems: tuple[tuple[str, DeciderProblem], ...] = ()
    unaccounted: tuple[tuple[str, tuple[str, ...]], ...] = ()
    policy_refused: RefusedPolicy | None = None
    policy: str = ""

    def __add__(self, other: SweepResult) -> SweepResult:
        return SweepResult(
            triggered=self.triggered + other.triggered,
            failed=self.failed + other.failed,
            overdue_s=max(self.overdue_s, other.overdue_s),
            failing=max(self.failing, other.failing),
            left=self.left or other.left,
            problems=self.problems + other.problems,
            unaccounted=self.unaccounted + other.unaccounted,
        )


def sweep(ports: Ports) -> SweepResult:
    """Trigger the job of every overdue intent, oldest first. A failure does not stop the others. Of the intents that are an hour
    late, another one comes first each minute: a job at the head may end the function each time.

    A trigger that fails is delayed by five minutes, because at the head of the queue it would delay all others each time. It is
    stored with the time since which it has been due, until it succeeds or is no longer due.
    """
    started_at = ports.clock.now()
    policy = ports.policies.current()  # so that a policy is in force from the first minute on, whatever jobs there are
    overdue = ports.ledger.due.overdue(started_at, TRIGGERS_MAX)
    failing = {(one.lineage, one.key): one for one in ports.ledger.due.failing()}
    since = [*(one.trigger_at for one in overdue), *(one.since for one in failing.values())]
    oldest_s = max((int((started_at - at).total_seconds()) for at in since), default=0)
    done, left = SweepResult(), ""
    triggered: set[Trigger] = set()
    first = first_in_turn(sum(one.trigger_at < started_at - LATE for one in overdue), started_at)
    for one in (*overdue[first:], *overdue[:first]):
        if ports.clock.now() - started_at > TIME_LIMIT:
            left = "time limit reached"
            break
        if one.trigger not in triggered:
            triggered.add(one.trigger)
            done += _trigger(one, failing, ports)
    if not left and len(overdue) < TRIGGERS_MAX:
        failing = _without_what_is_over(failing, overdue, started_at, ports)
    refused = announce_policy(ports)  # last: if its message cannot be queued, all jobs were triggered before
    newly = {name for name, _ in done.failed} - {one.job for one in failing.values()}
    return replace(
        done, overdue_s=oldest_s, failing=len(failing) + len(newly), left=left, policy_refused=refused, policy=policy.revision
    )  # fmt: skip


def _trigger(overdue: Overdue, failing: _Failing, ports: Ports) -> SweepResult:
    """Trigger one job. A trigger that succeeds is taken out of ``failing``, and out of the ledger."""
    job, result = overdue.trigger.job, trigger_job(overdue.trigger, ports)
    if isinstance(result, Exception):
        again_at = ports.clock.now() + FAILED_DELAY
        # Before the delay: a crash in between must not lose the time since which the intent has been due.
        ports.ledger.due.note_failing(overdue, again_at, f"{type(result).__name__}: {result}")
        ports.ledger.due.delay(overdue, again_at)
        return SweepResult(triggered=1, failed=((job, result),))
    if (known := failing.pop((str(overdue.trigger.lineage), overdue.key), None)) is not None:
        ports.ledger.due.forget_failing(known)
    unaccounted = ((job, result.unaccounted),) if result.unaccounted else ()
    return SweepResult(triggered=1, problems=tuple((job, problem) for problem in result.problems), unaccounted=unaccounted)


def _without_what_is_over(failing: _Failing, overdue: Iterable[Overdue], now: datetime, ports: Ports) -> _Failing:
    """Remove the failing triggers that should be tried now but are not overdue any more: another trigger handled them."""
    due = {(str(one.trigger.lineage), one.key) for one in overdue}
    over = {place for place, one in failing.items() if one.trigger_at <= now and place not in due}
    for place in over:
        ports.ledger.due.forget_failing(failing[place])
    return {place: one for place, one in failing.items() if place not in over}


def trigger_job(trigger: Trigger, ports: Ports) -> Reconciled | Exception:
    """Trigger a job, and return the exception if it fails: a problem with one job must not delay the others."""
    try:
        return reconcile(trigger, ports)
    except Exception as problem:
        return problem
