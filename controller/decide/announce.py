"""Makes the intent to send a message. Every message that a decider announces is announced here."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.spend_cap import cost_facts
from controller.ledger.entry import CheckpointScanned
from controller.ledger.intent import Announce, Intent
from controller.ledger.messages.message import CheckpointFacts, Message, OfJob
from controller.ledger.messages.stored_facts import facts_to_json


def say(facts: Facts, message: Message, *detail: str, channel: str = "", once_a_day: str = "") -> Decision:
    """Announce a message about the job, once for each ``detail``, with what the job cost so far and may still cost.

    It goes to ``channel``, else to the channel of the job's ``resubmit`` block, else to the policy's default channel.
    ``once_a_day`` is as in ``Announce``.
    """
    if isinstance(message, OfJob):
        message = replace(message, cost=cost_facts(facts))
    block = facts.policy.resubmission_for(facts.job)
    channel = channel or (block.channel if block else facts.policy.channel)
    return announce(message, *detail, about=facts.job.name, channel=channel, at=facts.now, once_a_day=once_a_day)


def announce(message: Message, *detail: str, about: str, channel: str, at: datetime, once_a_day: str = "") -> Decision:
    """Announce a message about the job ``about``, due at ``at``. Its topic is its kind and the details."""
    action = Announce(
        about=about, topic="/".join((message.kind, *detail)), channel=channel, kind=message.kind, facts=facts_to_json(message),
        once_a_day=once_a_day, revision=getattr(message, "revision", ""), mode=getattr(message, "mode", ""),
    )  # fmt: skip
    return Decision(intents=(Intent(action=action, due_at=at),))


def checkpoint_facts(uri: str | None, seen: CheckpointScanned | None) -> CheckpointFacts | None:
    """What a message shows of a checkpoint prefix, from its last scan; None for a job without one."""
    if uri is None:
        return None
    if seen is None or seen.problem:
        return CheckpointFacts(uri=uri)
    return CheckpointFacts(
        uri=uri, scanned=True, newest_at=seen.newest_at, at_risk_s=seen.at_risk_s, objects=seen.objects,
        bytes_seen=seen.bytes_seen, complete=seen.complete,
    )  # fmt: skip
