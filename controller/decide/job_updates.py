"""Tells what nobody has to act on, where a policy wants to hear it: interruptions, and how each lineage ended."""

from __future__ import annotations

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.ledger.entry import Finished
from controller.ledger.intent import Announce, Intent
from controller.notifications.texts import finished, interrupted
from controller.policy.slack_settings import Importance


def announce_updates(facts: Facts, said: Decision) -> Decision:
    """Say it once each; nothing where the policy leaves news to the digest, and nothing of jobs of other services."""
    job = facts.job
    if Importance.NEWS not in facts.policy.slack.tell or job.service is not None or not facts.newest:
        return Decision()
    block = facts.policy.resubmission_for(job)
    channel = block.channel if block else facts.policy.channel
    told = {f"interrupted/{at.isoformat()}": interrupted(job, at) for at in job.interrupted_at}
    if any(isinstance(e, Finished) and e.job == job.name for e in (*facts.lineage.entries, *said.entries)):
        told["finished"] = finished(job, facts.number)
    announces = (Announce(about=job.name, topic=topic, channel=channel, words=words) for topic, words in told.items())
    return Decision(intents=tuple(Intent(action=announce, due_at=facts.now) for announce in announces))
