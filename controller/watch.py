"""Keeps an eye on a job whose ending or usage is still to come, so that a lost event costs minutes and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.decision import Decision
from controller.entry import Unmeasured
from controller.facts import Facts
from controller.intent import Intent, Wake
from controller.savings import USAGE_PATIENCE

LOOKS = tuple(timedelta(minutes=m) for m in (2, 5, 10, 20, 40))  # then every hour
HOUR = timedelta(hours=1)


def keep_watch(facts: Facts) -> Decision:
    """Hold a Wake open until the job has ended and its usage is booked or declared unknown.

    The time to wake is counted from the job's own times, never from now: whoever decides at this moment says the same
    Wake, and one that is overdue is replaced by the next.
    """
    job = facts.job
    if job.ending is None:
        return _wake(facts, anchor=job.created_at)
    anchor = job.ended_at or job.created_at
    declared = facts.now >= anchor + USAGE_PATIENCE or facts.lineage.entry(Unmeasured, f"unmeasured/{job.name}")
    return Decision() if job.usage is not None or declared else _wake(facts, anchor=anchor)


def _wake(facts: Facts, anchor: datetime) -> Decision:
    at = next_look_at(anchor, facts.now)
    return Decision(intents=(Intent(action=Wake(about=facts.job.name, at=at), due_at=at),))


def next_look_at(anchor: datetime, now: datetime) -> datetime:
    """The first look after ``now`` on a job whose clock began at ``anchor``."""
    for look in LOOKS:
        if anchor + look > now:
            return anchor + look
    return anchor + HOUR * max(1, (now - anchor) // HOUR + 1)
