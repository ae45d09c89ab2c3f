"""Announces news that need no action, if the policy asks for them: interruptions and finished jobs."""

from __future__ import annotations

from controller.decide.announce import say
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.ledger.entry import Finished
from controller.ledger.messages.message import Finished as JobFinished
from controller.ledger.messages.message import Interrupted, JobFacts
from controller.policy.slack_settings import Importance


def announce_updates(facts: Facts, said: Decision) -> Decision:
    """Announce each interruption and the finished job once.

    Nothing where the policy leaves news to the digest, and nothing about jobs of other services.
    """
    job = facts.job
    if Importance.NEWS not in facts.policy.slack.tell or facts.owned or not facts.newest:
        return Decision()
    decision = Decision()
    for at in job.interrupted_at:
        decision |= say(facts, Interrupted(job=JobFacts.of(job), at=at), at.isoformat())
    finished = any(isinstance(e, Finished) and e.job == job.name for e in (*facts.lineage.entries, *said.entries))
    if finished and job.outcome is not None:
        decision |= say(facts, JobFinished(job=JobFacts.of(job), attempts=facts.number))
    return decision
