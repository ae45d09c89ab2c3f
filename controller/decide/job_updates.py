"""Tells what nobody has to act on, where a policy wants to hear it: interruptions, and how each lineage ended."""

from __future__ import annotations

from controller.decide.announce import say
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.ledger.entry import Finished
from controller.ledger.message import Finished as JobFinished
from controller.ledger.message import Interrupted, JobFacts
from controller.policy.slack_settings import Importance


def announce_updates(facts: Facts, said: Decision) -> Decision:
    """Say it once each; nothing where the policy leaves news to the digest, and nothing of jobs of other services."""
    job = facts.job
    if Importance.NEWS not in facts.policy.slack.tell or facts.owned or not facts.newest:
        return Decision()
    told = Decision()
    for at in job.interrupted_at:
        told |= say(facts, Interrupted(job=JobFacts.of(job), at=at), at.isoformat())
    if any(isinstance(e, Finished) and e.job == job.name for e in (*facts.lineage.entries, *said.entries)):
        told |= say(facts, JobFinished(job=JobFacts.of(job), attempts=facts.number))
    return told
