"""Asks, right before an act, whether it may be done now: no halt, and room under the hour's brake and the team's cap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from controller.announcement import braked, halted
from controller.brake import HALT_LOOK, hour_of, month_of, next_hour
from controller.entry import Started
from controller.failure import Next
from controller.intent import Announce, Intent, Probe, Publish, Purpose, Show, Stop, Submit, Wake
from controller.lineage import Lineage
from controller.money import dollars
from controller.shell.ports import Message, Ports, Refused


@dataclass(frozen=True, slots=True)
class Held:
    """Not now, and no fault of the world's: a hold is no try, and none is used up."""

    why: str
    after_s: int


def restrain(intent: Intent, lineage: Lineage, ports: Ports) -> Held | Refused | None:
    """Why an act has to wait, or will never be allowed; None where it may be done. A hold costs one read."""
    action = intent.action
    if isinstance(action, Wake | Publish | Show):
        return None  # looking and bookkeeping go on
    if isinstance(action, Submit) and lineage.entry(Started, action.job):
        return None  # an earlier try made it: only the answer is still to be written down
    halt = ports.ledger.halt()
    if halt is not None:
        return Held(halted(halt), int(HALT_LOOK.total_seconds()))
    match action:
        case Announce():
            return None
        case Stop(purpose=Purpose.MOVE):
            return None  # it keeps a promise, and the brake is for rules that run wild
        case Stop():
            return _brake("stop", ports.policies.current().brakes.stops_per_h, intent, lineage, ports)
        case Probe(pool=pool):
            held = _brake("submit", ports.policies.current().brakes.submissions_per_h, intent, lineage, ports)
            return held or _one_probe(pool, intent, lineage, ports)
        case Submit():
            held = _brake("submit", ports.policies.current().brakes.submissions_per_h, intent, lineage, ports)
            return held or _cap(action, intent, lineage, ports)
        case _:
            assert_never(action)


def _one_probe(pool: str, intent: Intent, lineage: Lineage, ports: Ports) -> Refused | None:
    """One probe a pool and half hour is enough for all who wait there: who it finds capacity for, all hear."""
    now = ports.clock.now()
    window = f"probe/{pool}/{hour_of(now)}/{now.minute // 30}"
    if ports.ledger.spend(window, f"{lineage.id}/{intent.key}", 1, 1, now):
        return None
    return Refused("another job probes this pool now")


def _brake(what: str, limit: int | None, intent: Intent, lineage: Lineage, ports: Ports) -> Held | None:
    """Take one of the hour's acts; performing an intent again takes none."""
    now = ports.clock.now()
    if limit is None or ports.ledger.spend(f"{what}/{hour_of(now)}", f"{lineage.id}/{intent.key}", 1, limit, now):
        return None
    words = braked(what, limit, until=next_hour(now))
    channel = ports.policies.current().channel
    ports.outbox.put(Message(key=f"brake/{what}/{hour_of(now)}", channel=channel, words=words, at=now))
    return Held(f"the brake: at most {limit} an hour", int((next_hour(now) - now).total_seconds()) + 1)


def _cap(submit: Submit, intent: Intent, lineage: Lineage, ports: Ports) -> Refused | None:
    """Reserve what the attempt may cost from what its team may spend on attempts of ours this month."""
    if submit.cap_micros is None or submit.cause.next is Next.OURS:
        return None  # what we stopped to go on elsewhere, or mended, was running already: it is not left lying
    started, now = lineage.entry(Started, submit.about), ports.clock.now()
    team, month = (started.team if started else None) or "no team", month_of(now)
    if submit.cost_micros is None:
        return Refused(f"no price is known, so the cap of {dollars(submit.cap_micros)} of {team} for {month} cannot be kept")
    if ports.ledger.spend(f"money/{team}/{month}", f"{lineage.id}/{intent.key}", submit.cost_micros, submit.cap_micros, now):
        return None
    return Refused(
        f"it may cost {dollars(submit.cost_micros)}, and that is more than is left of the {dollars(submit.cap_micros)}"
        f" that {team} may spend on further attempts in {month}"
    )
