"""Owns up to what could not be done, or does not get done."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.ledger.intent import Announce, Intent, IntentResult, Stop, Submit
from controller.ledger.lineage import Lineage
from controller.notifications.texts import fell_short, still_stopping, unseen_checkpoints

STOPPING_TIME_LIMIT = timedelta(minutes=30)  # SageMaker's grace is two minutes; uploads take longer; days have been reported
FAILED = (IntentResult.REFUSED, IntentResult.ABANDONED)


def alert(facts: Facts) -> Decision:
    """Announce a job that does not stop, checkpoints that cannot be read, and intents that failed."""
    failed = alert_failed_intents(facts.lineage, facts.job.name, facts.policy.channel, facts.now)
    return alert_stuck_stopping(facts) | alert_unreadable_checkpoints(facts) | failed


def alert_failed_intents(lineage: Lineage, job: str, channel: str, now: datetime) -> Decision:
    """Announce every stop or submission about a job that was refused for good or ran out of tries."""
    return Decision(
        intents=tuple(
            Intent(
                action=Announce(
                    about=job,
                    topic=f"{intent.closed}/{intent.key}",
                    channel=channel,
                    words=fell_short(job, intent),
                ),
                due_at=now,
            )
            for intent in lineage.intents
            if intent.closed in FAILED and intent.action.about == job and isinstance(intent.action, Submit | Stop)
        )
    )


def alert_unreadable_checkpoints(facts: Facts) -> Decision:
    """Announce a checkpoint prefix that cannot be looked into, where the policy would have the job go on from it."""
    block, seen = facts.policy.resubmission_for(facts.job), facts.checkpoint_scan
    if seen is None or seen.problem is None or block is None or not block.mode.tells or not facts.newest:
        return Decision()
    words = unseen_checkpoints(facts.job, seen.problem)
    announce = Announce(about=facts.job.name, topic="checkpoints-unseen", channel=block.channel, words=words)
    return Decision(intents=(Intent(action=announce, due_at=facts.now),))


def alert_stuck_stopping(facts: Facts) -> Decision:
    """Announce a job that has been Stopping for longer than its grace and upload explain; it is billed until it stops."""
    job = facts.job
    if job.status != "Stopping" or job.stopping_at is None or facts.now - job.stopping_at < STOPPING_TIME_LIMIT:
        return Decision()
    words = still_stopping(job, job.stopping_at, facts.now)
    announce = Announce(about=job.name, topic="still-stopping", channel=facts.policy.channel, words=words)
    return Decision(intents=(Intent(action=announce, due_at=facts.now),))
