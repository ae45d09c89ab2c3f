"""Submits a starved or failed job again, to a limit per cause, or gives up and says so."""

from __future__ import annotations

from controller.announcement import cannot_repeat, gave_up, resubmitting, would_resubmit
from controller.decision import Decision
from controller.entry import Ended
from controller.facts import Facts
from controller.failure import Cause
from controller.intent import Announce, Closed, Intent, Submit
from controller.lineage import attempt_name
from controller.policy import Budget, Mode, Resubmission


def resubmit(facts: Facts) -> Decision:
    """Say the next attempt of a job that starved, found no capacity or met an internal error.

    Nothing is said unless a ``resubmit`` block of the policy selects the job: people, Airflow and Step Functions retry too.
    An ending that was older than the block's ``within`` when it was first seen is only booked.
    """
    job = facts.job
    cause = job.ending.cause if job.ending else None
    if cause is None or not facts.newest or job.service is not None or _stopped_by_us(facts):
        return Decision()
    under_way = _under_way(facts)
    if under_way is not None:
        return Decision(intents=(under_way,))
    block = facts.policy.resubmission_for(job)
    budget = block.causes.get(cause) if block else None
    if block is None or budget is None or block.mode is Mode.AUDIT or _too_old(facts, block):
        return Decision()
    if block.mode is Mode.WARN:
        return _say(facts, block, f"would-resubmit/{cause}", would_resubmit(job, cause, block, budget))
    if job.unrepeatable:
        return _say(facts, block, "cannot-repeat", cannot_repeat(job, job.unrepeatable))
    tried = tried_for(facts, cause)
    if tried >= budget.limit:
        return _say(facts, block, "gave-up", gave_up(job, cause, tried))
    return _submit(facts, block, budget, cause, tried)


def tried_for(facts: Facts, cause: Cause) -> int:
    """How often this lineage was submitted again for the cause, up to the job that just ended."""
    return sum(submit.cause is cause and submit.number <= facts.number for submit, _ in facts.lineage.submits())


def _submit(facts: Facts, block: Resubmission, budget: Budget, cause: Cause, tried: int) -> Decision:
    job, number = facts.job, facts.number + 1
    due_at = (job.ended_at or job.created_at) + budget.backoff(tried)
    name = attempt_name(facts.lineage.id, number)
    submit = Intent(action=Submit(about=job.name, job=name, number=number, cause=cause), due_at=due_at)
    words = resubmitting(job, cause, name=name, tried=tried, limit=budget.limit, due_at=due_at)
    return Decision(intents=(submit,)) | _say(facts, block, "resubmitting", words)


def _under_way(facts: Facts) -> Intent | None:
    """The submission that somebody may be performing right now: whatever the policy says by now, it is the only word."""
    leased = (i for i in facts.lineage.open_intents(facts.job.name) if i.leased_until is not None)
    return next((i for i in leased if isinstance(i.action, Submit)), None)


def _stopped_by_us(facts: Facts) -> bool:
    """Whether a rule took this job down: what broke the policy is not submitted again unchanged."""
    stop = facts.lineage.intent(f"stop/{facts.job.name}")
    return stop is not None and stop.claim > 0 and stop.closed is not Closed.WITHDRAWN


def _too_old(facts: Facts, block: Resubmission) -> bool:
    ended = facts.lineage.entry(Ended, facts.job.name)
    seen_at = ended.seen_at if ended else facts.now
    ended_at = facts.job.ended_at or (ended.at if ended else facts.now)
    return (seen_at - ended_at).total_seconds() > block.within_s


def _say(facts: Facts, block: Resubmission, topic: str, words: tuple[str, ...]) -> Decision:
    announce = Announce(about=facts.job.name, topic=topic, channel=block.channel, words=words)
    return Decision(intents=(Intent(action=announce, due_at=facts.now),))
