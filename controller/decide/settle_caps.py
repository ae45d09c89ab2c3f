"""Settles what was reserved from a team's spend cap: with what an attempt cost, or with nothing where it was never made."""

from __future__ import annotations

from math import ceil

from controller.decide.call_off import called_off_numbers
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.record_usage import record_usage
from controller.decide.resubmit import resubmit
from controller.decide.spend_cap import DAY_S, unmeasured_micros
from controller.ledger.entry import Ended, Measured, Started, Unmeasured
from controller.ledger.intent import Intent, IntentResult, Purpose, Settle, Stop, Submit
from controller.ledger.lineage import Lineage, team_of
from controller.savings.attempt_savings import spent_micros
from controller.units.money import Micros

NO_TEAM = "no team"
NEVER_MADE = (IntentResult.REFUSED, IntentResult.ABANDONED)


def account_of(action: Submit | Stop, lineage: Lineage) -> str:
    """The spend cap that an attempt, or the next one of a job that is moved, is reserved from: that of a team and a month."""
    return team_account(team_of(lineage), action.month)


def team_account(team: str | None, month: str) -> str:
    """The spend cap of a team in a month."""
    return f"money/{team or NO_TEAM}/{month}"


def holder_of(action: Submit | Stop) -> str:
    """For what an amount is reserved: an attempt, or the move that it follows."""
    return action.key if isinstance(action, Submit) else f"move/{action.about}"


def follows_its_stop(submit: Submit, lineage: Lineage) -> bool:
    """Whether an attempt is the one for which its job was stopped to be moved or repaired, and for which the stop reserved.

    A way back, because the new place refused the job, is not: it is held to the cap like any other attempt.
    """
    stop = lineage.intent(f"stop/{submit.about}")
    if stop is None or not isinstance(stop.action, Stop) or stop.claim == 0:
        return False
    if stop.action.purpose is not Purpose.MOVE and not (stop.action.purpose is Purpose.REPAIR and stop.action.month):
        return False
    return not any(other.about == submit.about and other.key != submit.key for other in _came_to_nothing(lineage))


def unused(submit: Submit, lineage: Lineage) -> tuple[tuple[Submit, Micros], ...]:
    """The attempts right before one that hold more of the cap than they can have cost, and what they can have cost at most.

    Their own settlement comes after the usage is known; until then the next attempt would find no room because of them.
    """
    nothing = [(other, 0) for other in _came_to_nothing(lineage) if other.about == submit.about and _reserved(other)]
    return (*nothing, *_ended_early(submit, lineage))


def _ended_early(submit: Submit, lineage: Lineage) -> tuple[tuple[Submit, Micros], ...]:
    """The attempt that this one follows, with what it cost, or with the share of its time that it ran."""
    before = next((other for other, _ in lineage.submits() if other.job == submit.about and _reserved(other)), None)
    started, ended = lineage.entry(Started, submit.about), lineage.entry(Ended, submit.about)
    if before is None or before.cost_micros is None or started is None or ended is None or ended.ran_s is None:
        return ()
    measured = lineage.entry(Measured, submit.about)
    if measured is not None:
        return () if _unpriced(measured) else ((before, spent_micros([measured])),)
    most_s = started.runtime_s_max or DAY_S
    return ((before, ceil(before.cost_micros * min(ended.ran_s, most_s) / most_s)),)


def _came_to_nothing(lineage: Lineage) -> tuple[Submit, ...]:
    """The submissions of which no attempt came, whose name was not merely taken."""
    return tuple(
        submit
        for submit, intent in lineage.submits()
        if (intent.closed in NEVER_MADE or _called_off(submit, intent, lineage)) and lineage.entry(Started, submit.job) is None
    )


def _called_off(submit: Submit, intent: Intent, lineage: Lineage) -> bool:
    """Whether a person called the attempt off after an earlier try had reserved its cost."""
    return intent.closed is IntentResult.WITHDRAWN and submit.number in called_off_numbers(lineage, submit.about)


def settle_caps(facts: Facts) -> Decision:
    """Say what the job cost if it is an attempt under a cap, and that nothing was spent for an attempt that was never made."""
    settled = [_settled(facts, submit, cost) for submit in _submits_made(facts) if (cost := _cost_micros(facts)) is not None]
    settled += [_settled(facts, submit, 0) for submit in _submits_never_made(facts)]
    return Decision(intents=tuple(settled) + _not_moved(facts))


def _settled(facts: Facts, action: Submit | Stop, amount: Micros) -> Intent:
    account = account_of(action, facts.lineage)
    settle = Settle(about=facts.job.name, holder=holder_of(action), account=account, amount_micros=amount)
    return Intent(action=settle, due_at=facts.now)


def _not_moved(facts: Facts) -> tuple[Intent, ...]:
    """Give back what was reserved for the next attempt of a job that ended, and that none follows."""
    intent = facts.lineage.intent(f"stop/{facts.job.name}")
    if intent is None or intent.claim == 0 or not isinstance(intent.action, Stop) or not intent.action.month:
        return ()
    if facts.job.outcome is None or any(isinstance(i.action, Submit) for i in resubmit(facts).intents):
        return ()
    return (_settled(facts, intent.action, 0),)


def _submits_made(facts: Facts) -> tuple[Submit, ...]:
    return tuple(s for s, _ in facts.lineage.submits() if s.job == facts.job.name and _reserved(s))


def _submits_never_made(facts: Facts) -> tuple[Submit, ...]:
    return tuple(s for s in _came_to_nothing(facts.lineage) if s.about == facts.job.name and _reserved(s))


def _reserved(submit: Submit) -> bool:
    return submit.cap_micros is not None and submit.cost_micros is not None and submit.month != ""


def _cost_micros(facts: Facts) -> Micros | None:
    """What the job cost as it was recorded first, or at most, where SageMaker never says; None while that is not known."""
    job, fresh = facts.job.name, record_usage(facts).entries
    measured = facts.lineage.entry(Measured, job) or next((e for e in fresh if isinstance(e, Measured) and e.job == job), None)
    if measured is not None:
        return None if _unpriced(measured) else spent_micros([measured])
    unmeasured = facts.lineage.entry(Unmeasured, job) or any(isinstance(e, Unmeasured) for e in fresh)
    return unmeasured_micros(facts) if unmeasured else None


def _unpriced(measured: Measured) -> bool:
    return measured.rate_micros_per_h is None and measured.billable_s + measured.retained_s > 0
