"""Moves a job for its deadline, or says early why it cannot be kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.decide.deadline.outlook import InvalidTag, Outlook, deadline_of, outlook
from controller.decide.deadline.rule import Move
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.fallback import NoFallback, next_fallback
from controller.decide.spend_cap import expected_cost_micros, over_spend_cap
from controller.jobs.failure import Cause
from controller.ledger.intent import Announce, Intent, Purpose, Stop, Wake
from controller.notifications import deadline_texts as words
from controller.notifications.texts import Words
from controller.policy.mode import Mode
from controller.policy.resubmission import Guarantee, Resubmission

UPLOADING = "Uploading"
QUOTA_CHECK_INTERVAL = timedelta(minutes=5)  # when a job elsewhere ends there may be room


def keep_deadline(facts: Facts) -> Decision:
    """Say a Stop for a job that must go on elsewhere, and what people should know of its deadline.

    Nothing is said where nobody looked for the family's history (a job at rest): what was said of it stands until its Wake.
    """
    job = facts.job
    block = facts.policy.resubmission_for(job)
    if block is None or block.mode is Mode.AUDIT or not job.alive or not facts.newest or job.service is not None:
        return Decision()
    crowded = _interrupted_too_often(facts, block)
    if facts.history is None:
        return crowded
    try:
        seen = outlook(facts, block)
        wanted = deadline_of(facts, block.deadline)
    except InvalidTag as bad:
        return crowded | _say(facts, block, "deadline-unreadable", words.unreadable_promise(job, str(bad)))
    if wanted is None:
        return crowded
    if seen is None:
        return crowded | _say(facts, block, "no-estimate", words.no_estimate(job, wanted, len(facts.history)))
    return _at_the_start(facts, block, seen) | _keep(facts, block, seen) | crowded


def _keep(facts: Facts, block: Resubmission, seen: Outlook) -> Decision:
    job = facts.job
    if seen.finish_at > seen.deadline:
        return _say(facts, block, "deadline-lost", words.deadline_lost(job, seen.deadline, seen.finish_at))
    wake = Decision(intents=(Intent(action=Wake(about=job.name, at=seen.look_at), due_at=seen.look_at),))
    if seen.move is Move.STAY:
        return wake if seen.look_at > facts.now else Decision()
    if job.status == "Stopping" or job.secondary == UPLOADING:
        return Decision()
    if seen.move is Move.ON_DEMAND and not block.on_demand:
        return _say(facts, block, "on-demand-forbidden", words.on_demand_forbidden(job, block, seen.deadline))
    if seen.move is Move.ON_DEMAND and not facts.resumable and job.intervals and block.deadline.guarantee is Guarantee.MONEY:
        return _say(facts, block, "deadline-at-risk", words.deadline_at_risk(job, seen.deadline))
    if block.mode is Mode.WARN:
        return _say(facts, block, f"would-move/{seen.move}", words.would_move(job, block, seen.deadline, seen.why))
    if seen.move is Move.ON_DEMAND and facts.room is not None and facts.room < job.instance_count:
        return _say(facts, block, "no-room", words.no_room(job, facts.room, seen.deadline)) | _look_soon(facts)
    cause = Cause.DEADLINE if seen.move is Move.ON_DEMAND else Cause.RETURN
    return _move(facts, block, cause, seen.why, seen.deadline)


def _look_soon(facts: Facts) -> Decision:
    """Look again within five minutes, at a time that is counted from the job's own."""
    passed = (facts.now - facts.job.created_at) // QUOTA_CHECK_INTERVAL
    at = facts.job.created_at + (passed + 1) * QUOTA_CHECK_INTERVAL
    return Decision(intents=(Intent(action=Wake(about=facts.job.name, at=at), due_at=at),))


def _move(facts: Facts, block: Resubmission, cause: Cause, why: str, deadline: datetime | None) -> Decision:
    """Stop the job to go on elsewhere, if its cap has room for that: a job that is stopped and not submitted again is lost."""
    broke = over_spend_cap(facts, block, expected_cost_micros(facts, block))
    if broke is not None:
        return _say(facts, block, f"cannot-afford/{cause}", words.cannot_afford(facts.job, broke))
    stop = Stop(about=facts.job.name, because=why, purpose=Purpose.MOVE, next_cause=cause)
    told = words.moving(facts.job, cause, why, deadline)
    return Decision(intents=(Intent(action=stop, due_at=facts.now),)) | _say(facts, block, f"moving/{cause}", told)


def _at_the_start(facts: Facts, block: Resubmission, seen: Outlook) -> Decision:
    """Notice a MaxWait that ends before the deadline: SageMaker would give the job up while there is still time."""
    job = facts.job
    if not job.spot or job.wait_s_max is None:
        return Decision()
    waits_until = job.created_at.timestamp() + job.wait_s_max
    if waits_until >= seen.deadline.timestamp():
        return Decision()
    return _say(facts, block, "max-wait-before-deadline", words.wait_ends_early(job, seen.deadline))


def _interrupted_too_often(facts: Facts, block: Resubmission) -> Decision:
    """Take the next step of the ladder for a job that was interrupted more often than the policy bears."""
    patience, job = block.interruption_limit, facts.job
    if patience is None or job.status == "Stopping" or job.secondary == UPLOADING:
        return Decision()
    recent = sum((facts.now - at).total_seconds() <= patience.within_s for at in job.interrupted_at)
    if recent <= patience.more_than or isinstance(next_fallback(facts, block, Cause.INTERRUPTIONS), NoFallback):
        return Decision()
    why = f"{recent} interruptions within {patience.within_s // 60} min, and the policy bears {patience.more_than}"
    if block.mode is Mode.WARN:
        return _say(facts, block, "would-move/interruptions", words.would_move(job, block, None, why))
    return _move(facts, block, Cause.INTERRUPTIONS, why, None)


def _say(facts: Facts, block: Resubmission, topic: str, said: Words) -> Decision:
    announce = Announce(about=facts.job.name, topic=topic, channel=block.channel, words=said)
    return Decision(intents=(Intent(action=announce, due_at=facts.now),))
