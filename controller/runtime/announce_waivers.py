"""Announces, once, each waiver of the policy that ends within a week."""

from __future__ import annotations

from controller.ledger.messages.message import WaiverExpiring
from controller.ledger.messages.stored_facts import facts_to_json
from controller.policy.policy import Policy
from controller.policy.waiver import EXPIRES_SOON, Waiver, WaiverState
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.outbox import Message


def announce_waivers(ports: Ports) -> int:
    """Queue a message for each waiver in force that ends within a week. Returns how many messages are new.

    A waiver whose end was changed is announced again.
    """
    policy, now, queued = ports.policies.current(), ports.clock.now(), 0
    for waiver in policy.waivers:
        in_force = waiver.state(now, policy.slack.waiver_s_max) is WaiverState.IN_FORCE
        if in_force and waiver.expires - now <= EXPIRES_SOON:
            queued += ports.outbox.put(_message(waiver, policy, ports))
    return queued


def _message(waiver: Waiver, policy: Policy, ports: Ports) -> Message:
    message = WaiverExpiring(
        waiver=waiver.name, rules=", ".join(waiver.rules), expires=waiver.expires, reason=waiver.reason, owner=waiver.owner,
        ticket=waiver.ticket,
    )  # fmt: skip
    channel = next((rule.channel for rule in policy.rules if rule.name in waiver.rules), policy.channel)
    return Message(
        key=f"waiver-expiring/{waiver.name}/{waiver.expires.isoformat()}", channel=channel, kind=message.kind,
        facts=facts_to_json(message), at=ports.clock.now(), revision=policy.revision,
    )  # fmt: skip
