"""Where a job that is stopped to be moved goes on: the fallback step and the changes of its next attempt."""

from __future__ import annotations

from controller.decide.deadline.outlook import spot_wait_s
from controller.decide.facts import Facts
from controller.decide.fallback import Fallback, NoFallback, next_fallback
from controller.jobs.request import RequestChange, on_demand, on_spot
from controller.ledger.message_kind import GiveUpReason
from controller.ledger.move_cause import MoveCause
from controller.policy.resubmission import Resubmission


def elsewhere(facts: Facts, block: Resubmission | None, cause: MoveCause) -> Fallback:
    """Where a stopped job goes on; as it was, where the ladder was edited meanwhile."""
    if cause in (MoveCause.DEADLINE, MoveCause.ASKED):
        return Fallback(fallback_step=current_step(facts), changes=on_demand())
    if cause is MoveCause.RETURN:
        return Fallback(fallback_step=current_step(facts), changes=spot_again(facts))
    step = next_fallback(facts, block, cause) if block else NoFallback(why=GiveUpReason.NO_FURTHER_STEP)
    return step if isinstance(step, Fallback) else Fallback(fallback_step=current_step(facts), changes={})


def spot_again(facts: Facts) -> RequestChange:
    """The changes that bring the job back to spot."""
    return on_spot(runtime_s=facts.job.runtime_s_max or 86_400, wait_s=spot_wait_s(facts))


def current_step(facts: Facts) -> int:
    """The highest fallback step that the lineage has used up to this attempt; 0 for its first request."""
    return max((submit.fallback_step for submit, _ in facts.lineage.submits() if submit.number <= facts.number), default=0)
