"""Replaces what was reserved under a team's spend cap by what the attempt cost, or by 0 if it was never created."""

from __future__ import annotations

from math import ceil

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.record_usage import record_usage
from controller.decide.resubmit.resubmit import resubmit
from controller.decide.spend_cap import DAY_S, came_to_nothing, unmeasured_micros
from controller.ledger.entry import Ended, Measured, Started, Unmeasured
from controller.ledger.intent import Intent, Settle, Stop, Submit
from controller.ledger.lineage import Lineage, team_of
from controller.savings.attempt_savings import spent_micros
from controller.units.money import Micros

NO_TEAM = "no team"


def account_of(action: Submit | Stop, lineage: Lineage) -> str:
    """The key of the spend cap under which an action reserves: that of the lineage's team in the action's month."""
    return team_account(team_of(lineage), action.month)


def team_account(team: str | None, month: str) -> str:
    """The key of a team's spend cap in a month (2026-11)."""
    return f"money/{team or NO_TEAM}/{month}"


def holder_of(action: Submit | Stop) -> str:
    """For what an amount is reserved: the key of a Submit, or ``move/<job>`` for a Stop that reserves for the next attempt."""
    return action.key if isinstance(action, Submit) else f"move/{action.about}"


def replaced_by(submit: Submit, lineage: Lineage) -> tuple[Submit | Stop, ...]:
    """The reservations that this attempt takes over: that of the Stop before it, and those of submissions that created no job.

    They are settled later. If they counted until then, the attempt might find no room.
    """
    stop = lineage.intent(f"stop/{submit.about}")
    stops = (stop.action,) if stop is not None and stop.claim and isinstance(stop.action, Stop) and stop.action.month else ()
    return (*stops, *(s for s in _never_made(lineage, submit.about) if s.key != submit.key))


def ended_early(submit: Submit, lineage: Lineage) -> tuple[tuple[Submit, Micros], ...]:
    """The attempt before this one, with what it cost; or, if its usage is not recorded, with the share of its time that it ran.

    Empty if it reserved nothing, or its cost is not known.
    """
    before = next((other for other, _ in lineage.submits() if other.job == submit.about and _reserved(other)), None)
    started, ended = lineage.entry(Started, submit.about), lineage.entry(Ended, submit.about)
    if before is None or before.cost_micros is None or started is None or ended is None or ended.ran_s is None:
        return ()
    measured = lineage.entry(Measured, submit.about)
    if measured is not None:
        return () if _unpriced(measured) else ((before, spent_micros([measured])),)
    most_s = started.runtime_s_max or DAY_S
    return ((before, ceil(before.cost_micros * min(ended.ran_s, most_s) / most_s)),)


def settle_caps(facts: Facts) -> Decision:
    """Settle the job's cost if it reserved under a cap, and 0 for each attempt after it that reserved and was never created."""
    settled = [_settled(facts, submit, cost) for submit in _submits_made(facts) if (cost := _cost_micros(facts)) is not None]
    settled += [_settled(facts, submit, 0) for submit in _never_made(facts.lineage, facts.job.name)]
    return Decision(intents=tuple(settled) + _not_moved(facts))


def _settled(facts: Facts, action: Submit | Stop, amount: Micros) -> Intent:
    account = account_of(action, facts.lineage)
    settle = Settle(about=facts.job.name, holder=holder_of(action), account=account, amount_micros=amount)
    return Intent(action=settle, due_at=facts.now)


def _not_moved(facts: Facts) -> tuple[Intent, ...]:
    """Give back what the job's Stop reserved for a next attempt, if the job has ended and none follows."""
    intent = facts.lineage.intent(f"stop/{facts.job.name}")
    if intent is None or intent.claim == 0 or not isinstance(intent.action, Stop) or not intent.action.month:
        return ()
    if facts.job.outcome is None or any(isinstance(i.action, Submit) for i in resubmit(facts).intents):
        return ()
    return (_settled(facts, intent.action, 0),)


def _submits_made(facts: Facts) -> tuple[Submit, ...]:
    return tuple(s for s, _ in facts.lineage.submits() if s.job == facts.job.name and _reserved(s))


def _never_made(lineage: Lineage, about: str) -> tuple[Submit, ...]:
    """The submissions about a job that reserved under a cap and created no job, also those whose name is used up."""
    spent = (i.action for i in lineage.intents if isinstance(i.action, Submit) and i.name_spent)
    return tuple(s for s in (*came_to_nothing(lineage), *spent) if s.about == about and _reserved(s))


def _reserved(submit: Submit) -> bool:
    return submit.cap_micros is not None and submit.cost_micros is not None and submit.month != ""


def _cost_micros(facts: Facts) -> Micros | None:
    """What the job cost by its first recorded usage; if SageMaker never showed one, at most. None while not known."""
    job, fresh = facts.job.name, record_usage(facts).entries
    measured = facts.lineage.entry(Measured, job) or next((e for e in fresh if isinstance(e, Measured) and e.job == job), None)
    if measured is not None:
        return None if _unpriced(measured) else spent_micros([measured])
    unmeasured = facts.lineage.entry(Unmeasured, job) or any(isinstance(e, Unmeasured) for e in fresh)
    return unmeasured_micros(facts) if unmeasured else None


def _unpriced(measured: Measured) -> bool:
    return measured.rate_micros_per_h is None and measured.billable_s + measured.retained_s > 0
