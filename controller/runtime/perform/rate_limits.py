"""Counts acts against their limits: stops and submissions per hour, and one probe per pool and half hour."""

from __future__ import annotations

from controller.ledger.intent import Intent
from controller.ledger.lineage import Lineage
from controller.ledger.messages.message import RateLimit
from controller.ledger.messages.stored_facts import facts_to_json
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import Refused
from controller.runtime.ports.outbox import Message
from controller.units.calendar import hour_key, next_hour
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True)
class OnHold:
    """Not now, for a reason of the controller's own; it counts as no try. It is tried again after ``after_s`` seconds."""

    why: str
    after_s: int


def one_probe(pool: str, intent: Intent, lineage: Lineage, ports: Ports) -> Refused | None:
    """Refused where another job has probed the pool in this half hour: one result is stored for all jobs that wait."""
    now = ports.clock.now()
    window = f"probe/{pool}/{hour_key(now)}/{now.minute // 30}"
    if ports.ledger.limits.spend(window, f"{lineage.id}/{intent.key}", 1, 1, now):
        return None
    return Refused("another job probes this pool now")


def rate_limit(what: str, limit: int | None, intent: Intent, lineage: Lineage, ports: Ports) -> OnHold | None:
    """Count an act against its limit per hour (None: no limit); an intent is counted once. OnHold and a message without room."""
    now = ports.clock.now()
    if limit is None or ports.ledger.limits.spend(f"{what}/{hour_key(now)}", f"{lineage.id}/{intent.key}", 1, limit, now):
        return None
    message = RateLimit(what=what, limit=limit, until=next_hour(now))
    policy = ports.policies.current()
    key = f"brake/{what}/{hour_key(now)}"
    ports.outbox.put(
        Message(
            key=key, channel=policy.channel, kind=message.kind, facts=facts_to_json(message), at=now, revision=policy.revision
        )
    )
    return OnHold(f"rate limit: at most {limit} per hour", int((next_hour(now) - now).total_seconds()) + 1)
