"""Checks the spend caps before a job is stopped to be repaired: a job that is stopped and not submitted again is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from controller.decide.decision import Need
from controller.decide.facts import Facts
from controller.decide.spend_cap import reservation_for, still_reserved
from controller.jobs.request import change_from_json
from controller.ledger.intent import Intent, Purpose, Stop, Wake
from controller.ledger.messages.message import CapFacts
from controller.policy.repair import NotRepairable
from controller.policy.resubmission import NO_CAPS
from controller.units.money import dollars

ASKED_EVERY = timedelta(hours=1)  # the cap may be raised, or others give back what they reserved


def with_room(facts: Facts, plan: Stop | NotRepairable | None) -> Stop | NotRepairable | Need | None:
    """The plan with the amount to reserve for the repaired job, or why no cap has room for it, or what has to be looked up.

    A Stop that was already tried keeps what it reserved. A plan that is no repair is returned as it is.
    """
    if not isinstance(plan, Stop) or plan.purpose is not Purpose.REPAIR or facts.policy.spend_caps_for(facts.job) == NO_CAPS:
        return plan
    held = still_reserved(facts.lineage.intent(plan.key), facts.now)
    if held is not None:
        return replace(plan, cost_micros=held.cost_micros, cap_micros=held.cap_micros, month=held.month)
    reserved = reservation_for(facts, change_from_json(plan.changes))
    if isinstance(reserved, Need):
        return reserved
    if isinstance(reserved, CapFacts):
        return _no_room(reserved)
    return replace(plan, cost_micros=reserved.cost_micros, cap_micros=reserved.cap_micros, month=reserved.month)


def look_for_room_again(facts: Facts, plan: Stop | NotRepairable | None) -> tuple[Intent, ...]:
    """A Wake for a job whose repair has no room under a spend cap. Its time counts from the job's creation."""
    if not isinstance(plan, NotRepairable) or not plan.for_now or not facts.job.alive:
        return ()
    at = facts.job.created_at + ASKED_EVERY * ((facts.now - facts.job.created_at) // ASKED_EVERY + 1)
    return (Intent(action=Wake(about=facts.job.name, at=at), due_at=at),)


def _no_room(cap: CapFacts) -> NotRepairable:
    if cap.next_micros is None:
        why = f"no price is known for its next attempt, so the spend cap of {dollars(cap.cap_micros)} cannot be checked"
    else:
        whole = dollars(cap.cap_micros)
        why = f"its next attempt may cost {dollars(cap.next_micros)}, which is more than is left of the spend cap of {whole}"
    return NotRepairable(why=why, for_now=True)
