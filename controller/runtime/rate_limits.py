"""Checks before each act whether it may be done now: no halt, within the rate limit of the hour and the team's spend cap."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from controller.decide.settle_caps import account_of, follows_its_stop, holder_of, team_of, unused
from controller.ledger.entry import Ended, Started
from controller.ledger.halt import HALT_LOOK
from controller.ledger.intent import Announce, Intent, Probe, Publish, Purpose, RefreshCard, Settle, Stop, Submit, Wake
from controller.ledger.lineage import Lineage
from controller.ledger.message import RateLimit
from controller.ledger.message_json import facts_to_json
from controller.ledger.move_cause import MoveCause
from controller.notifications.message_text import halted
from controller.runtime.ports import Message, Ports, Refused
from controller.units.calendar import hour_key, month_key, next_hour
from controller.units.money import dollars
from controller.units.value import dataclass

NO_ROOM_S = 300  # until somebody asks a team's cap again for a move


@dataclass(frozen=True, slots=True)
class OnHold:
    """Not now, for a reason of the controller's own: a hold counts as no try."""

    why: str
    after_s: int


def check_limits(intent: Intent, lineage: Lineage, ports: Ports) -> OnHold | Refused | None:
    """Why an act has to wait, or is refused; None where it may be done. A hold costs one read."""
    action = intent.action
    if isinstance(action, Wake | Publish | RefreshCard | Settle):
        return None  # looking and bookkeeping go on
    if isinstance(action, Submit) and lineage.entry(Started, action.job):
        return None  # an earlier try did it: only its answer is missing
    halt = ports.ledger.halts.halt()
    if halt is not None:
        return OnHold(halted(halt), int(HALT_LOOK.total_seconds()))
    match action:
        case Announce():
            return None
        case Stop(purpose=Purpose.MOVE):
            return _cap_of_move(action, lineage, ports)  # the rate limit is for rules that stop too many jobs
        case Stop(purpose=Purpose.REPAIR):
            held = _rate_limit("stop", ports.policies.current().rate_limits.stops_per_h, intent, lineage, ports)
            return held or _cap_of_move(action, lineage, ports)
        case Stop():
            return _rate_limit("stop", ports.policies.current().rate_limits.stops_per_h, intent, lineage, ports)
        case Probe(pool=pool):
            held = _rate_limit("submit", ports.policies.current().rate_limits.submissions_per_h, intent, lineage, ports)
            return held or _one_probe(pool, intent, lineage, ports)
        case Submit():
            held = _rate_limit("submit", ports.policies.current().rate_limits.submissions_per_h, intent, lineage, ports)
            return held or _cap(action, intent, lineage, ports)
        case _:
            assert_never(action)


def _one_probe(pool: str, intent: Intent, lineage: Lineage, ports: Ports) -> Refused | None:
    """One probe per pool and half hour is enough for all jobs that wait: its result is stored for all."""
    now = ports.clock.now()
    window = f"probe/{pool}/{hour_key(now)}/{now.minute // 30}"
    if ports.ledger.limits.spend(window, f"{lineage.id}/{intent.key}", 1, 1, now):
        return None
    return Refused("another job probes this pool now")


def _rate_limit(what: str, limit: int | None, intent: Intent, lineage: Lineage, ports: Ports) -> OnHold | None:
    """Take one of the hour's acts; performing an intent again takes no other."""
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


def _cap_of_move(stop: Stop, lineage: Lineage, ports: Ports) -> OnHold | None:
    """Reserve what the next attempt may cost before the job is stopped for it; without room it goes on as it is."""
    if stop.cap_micros is None or stop.cost_micros is None or not stop.month:
        return None
    if lineage.entry(Ended, stop.about) is not None:
        return None  # the stop is only closed now; what it had reserved is the next attempt's
    account, now = account_of(stop, lineage), ports.clock.now()
    if ports.ledger.limits.spend(account, f"{lineage.id}/{holder_of(stop)}", stop.cost_micros, stop.cap_micros, now):
        return None
    return OnHold(f"the spend cap of {team_of(stop, lineage)} for {stop.month} has no room for the {stop.purpose}", NO_ROOM_S)


def _cap(submit: Submit, intent: Intent, lineage: Lineage, ports: Ports) -> Refused | None:
    """Reserve what the attempt may cost from what its team may spend on attempts of ours in its month."""
    cap, now = submit.cap_micros, ports.clock.now()
    if cap is None:
        return None
    submit = submit if submit.month else replace(submit, month=month_key(now))
    whose = f"the spend cap of {team_of(submit, lineage)} for {submit.month} ({dollars(cap)})"
    counts_only = submit.cause is MoveCause.ASKED or follows_its_stop(submit, lineage)  # its stop reserved it
    if submit.cost_micros is None:
        return None if counts_only else Refused(f"no price is known, so {whose} cannot be checked")
    account, limit = account_of(submit, lineage), None if counts_only else cap
    if not counts_only:
        for before, amount in unused(submit, lineage):
            ports.ledger.limits.settle(account_of(before, lineage), f"{lineage.id}/{holder_of(before)}", amount, now)
    if ports.ledger.limits.spend(account, f"{lineage.id}/{intent.key}", submit.cost_micros, limit, now):
        _settle_move(submit, lineage, ports, now)
        return None
    return Refused(f"it may cost {dollars(submit.cost_micros)}, which is more than is left of {whose}")


def _settle_move(submit: Submit, lineage: Lineage, ports: Ports, now: datetime) -> None:
    """Give back what was reserved for the move that the attempt follows: from here on the attempt holds it."""
    stop = lineage.intent(f"stop/{submit.about}")
    if stop is not None and isinstance(stop.action, Stop) and stop.action.month:
        ports.ledger.limits.settle(account_of(stop.action, lineage), f"{lineage.id}/{holder_of(stop.action)}", 0, now)
