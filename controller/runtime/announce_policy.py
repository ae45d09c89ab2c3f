"""Announces, once, each version of the policy that was refused because it is bad."""

from __future__ import annotations

from controller.ledger.messages.message import PolicyRefused
from controller.ledger.messages.stored_facts import facts_to_json
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.outbox import Message
from controller.runtime.ports.policy import RefusedPolicy


def announce_policy(ports: Ports) -> RefusedPolicy | None:
    """Queue a message about the version that was refused. Returns that version; None where the newest version is in force.

    A version whose object could not be read has no name: it is announced once a day. Where AWS did not answer, nothing is queued.
    """
    refused = ports.policies.refused()
    if refused is not None and not refused.passing:
        ports.outbox.put(_message(refused, ports))
    return refused


def _message(refused: RefusedPolicy, ports: Ports) -> Message:
    policy, now = ports.policies.current(), ports.clock.now()
    message = PolicyRefused(place=refused.place, problem=refused.problem, revision=policy.revision, stands_in=policy.stands_in)
    version = refused.version or f"unread/{now:%Y-%m-%d}"
    return Message(
        key=f"policy-refused/{refused.place}/{version}",
        channel=policy.channel,
        kind=message.kind,
        facts=facts_to_json(message),
        at=now,
        revision=policy.revision,
    )
