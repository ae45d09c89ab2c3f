"""Decides that people are told something: every message of the controller is announced here."""

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
    """Announce a message about the job, once for each ``detail``: in the channel of its ``resubmit`` block, else the default.

    It says what the job cost and may cost, as far as that is known now.
    """
    if isinstance(message, OfJob):
        message = replace(message, cost=cost_facts(facts))
    block = facts.policy.resubmission_for(facts.job)
    channel = channel or (block.channel if block else facts.policy.channel)
    return announce(message, *detail, about=facts.job.name, channel=channel, at=facts.now, once_a_day=once_a_day)


def announce(message: Message, *detail: str, about: str, channel: str, at: datetime, once_a_day: str = "") -> Decision:
    """Announce a message; its topic is its kind and the details."""
    action = Announce(
        about=about, topic="/".join((message.kind, *detail)), channel=channel, kind=message.kind, facts=facts_to_json(message),
        once_a_day=once_a_day, revision=getattr(message, "revision", ""), mode=getattr(message, "mode", ""),
    )  # fmt: skip
    return Decision(intents=(Intent(action=action, due_at=at),))


def checkpoint_facts(uri: str | None, seen: CheckpointScanned | None) -> CheckpointFacts | None:
    """What a message shows of a checkpoint prefix; None where the job has none."""
    if uri is None:
        return None
    if seen is None or seen.problem:
        return CheckpointFacts(uri=uri)
    return CheckpointFacts(
        uri=uri, scanned=True, newest_at=seen.newest_at, at_risk_s=seen.at_risk_s, objects=seen.objects,
        bytes_seen=seen.bytes_seen, complete=seen.complete,
    )  # fmt: skip
