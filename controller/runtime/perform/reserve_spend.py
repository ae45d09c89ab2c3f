"""Reserves what an attempt may cost from its team's spend cap of the month, right before the act."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from controller.decide.settle_caps import NO_TEAM, account_of, ended_early, holder_of, replaced_by
from controller.decide.spend_cap import stop_before
from controller.decide.wakeups import TAGS_LATE
from controller.ledger.entry import Ended
from controller.ledger.intent import Intent, Stop, Submit
from controller.ledger.lineage import Lineage, team_of
from controller.ledger.move_cause import MoveCause
from controller.runtime.perform.rate_limits import OnHold
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import Refused
from controller.units.calendar import month_key
from controller.units.money import dollars

NO_ROOM_S = 300  # seconds until a move checks the team's cap again


def reserve_for_move(stop: Stop, lineage: Lineage, ports: Ports) -> OnHold | None:
    """Reserve what the next attempt may cost, before the job is stopped for it. OnHold without room: then the job runs on."""
    if stop.cap_micros is None or stop.cost_micros is None or not stop.month:
        return None
    if lineage.entry(Ended, stop.about) is not None:
        return None  # the job has ended, and only the Stop is still open: the next attempt uses what it reserved
    account, now = account_of(stop, lineage), ports.clock.now()
    if (late := _team_may_be_late(lineage, now)) is not None:
        return late
    holder, before = f"{lineage.id}/{holder_of(stop)}", lineage.intent(stop.key)
    if before is not None and before.claim and isinstance(before.action, Stop) and before.action.month not in ("", stop.month):
        ports.ledger.limits.settle(account_of(before.action, lineage), holder, 0, now)  # reserved by an earlier try, in its month
    if ports.ledger.limits.spend(account, holder, stop.cost_micros, stop.cap_micros, now):
        return None
    return OnHold(
        f"the spend cap of {team_of(lineage) or NO_TEAM} for {stop.month} has no room for the {stop.purpose}", NO_ROOM_S
    )


def _team_may_be_late(lineage: Lineage, now: datetime) -> OnHold | None:
    """OnHold while the job's tags may be late: before its team is known, the amount would count against the cap of no team."""
    if team_of(lineage) is None and now < lineage.id.created_at + TAGS_LATE:
        return OnHold("SageMaker may not return its tags yet, and they decide which team's spend cap applies", NO_ROOM_S)
    return None


def reserve_for_submit(submit: Submit, intent: Intent, lineage: Lineage, ports: Ports) -> OnHold | Refused | None:
    """Reserve what the attempt may cost from its team's cap of the month for attempts that the controller submits.

    Refused without room, and without a price where a cap applies.
    """
    cap, now = submit.cap_micros, ports.clock.now()
    if cap is None:
        return None
    if (late := _team_may_be_late(lineage, now)) is not None:
        return late
    submit = submit if submit.month else replace(submit, month=month_key(now))
    whose = f"the spend cap of {team_of(lineage) or NO_TEAM} for {submit.month} ({dollars(cap)})"
    stop = stop_before(submit.key, submit.about, lineage)
    counts_only = submit.cause is MoveCause.ASKED or (stop is not None and not stop.month)  # no cap applied to its stop
    if submit.cost_micros is None:
        return None if counts_only else Refused(f"no price is known, so {whose} cannot be checked")
    account, limit, limits = account_of(submit, lineage), None if counts_only else cap, ports.ledger.limits
    for before, amount in ended_early(submit, lineage):
        limits.settle(account_of(before, lineage), f"{lineage.id}/{holder_of(before)}", amount, now)
    over = replaced_by(submit, lineage)
    in_place_of = tuple(f"{lineage.id}/{holder_of(action)}" for action in over if account_of(action, lineage) == account)
    if not limits.spend(account, f"{lineage.id}/{intent.key}", submit.cost_micros, limit, now, in_place_of):
        return Refused(f"it may cost {dollars(submit.cost_micros)}, which is more than is left of {whose}")
    for action in over:
        if account_of(action, lineage) != account:
            limits.settle(account_of(action, lineage), f"{lineage.id}/{holder_of(action)}", 0, now)
    return None
