"""Where the next attempt runs: in time for a deadline, and past the places that were refused."""

from __future__ import annotations

from datetime import datetime

from controller.decide.deadline.choose_market import Move
from controller.decide.deadline.outlook import outlook
from controller.decide.facts import Facts
from controller.decide.fallback import Fallback, NoFallback, advance, next_fallback
from controller.decide.move_step import current_step
from controller.decide.refused_steps import place_of, place_with, places_that_never_fit
from controller.jobs.failure import FailureCause, RetryChange
from controller.jobs.request import merged, on_demand
from controller.ledger.intent import Submit
from controller.policy.resubmission import Budget, Resubmission

_AS_IT_WAS = frozenset({RetryChange.SAME, RetryChange.NAMED, RetryChange.ELSEWHERE})


def in_time(facts: Facts, block: Resubmission, step: Fallback, due_at: datetime) -> tuple[Fallback, datetime, str]:
    """The step that the deadline allows: an attempt that would be too late for spot is submitted on-demand, without a wait."""
    if not block.on_demand or facts.history is None:
        return step, due_at, ""
    seen = outlook(facts, block, at=max(due_at, facts.now))
    if seen is None or seen.move is not Move.ON_DEMAND or not step.changes.get("EnableManagedSpotTraining", facts.job.spot):
        return step, due_at, ""
    changes = merged(step.changes, on_demand())
    if place_with(facts, changes) in places_that_never_fit(facts):
        return step, due_at, ""
    return Fallback(fallback_step=step.fallback_step, changes=changes), facts.job.ended_at or facts.job.created_at, seen.why


def past_refused(
    facts: Facts, block: Resubmission, cause: FailureCause, budget: Budget, refused: tuple[Submit, ...]
) -> Fallback | None:
    """The first place that was not refused: as the outcome asks for, the ladder from there on, and else as the job was.

    None where every one was refused.
    """
    but = frozenset(place_of(facts, submit) for submit in refused) | places_that_never_fit(facts)
    step = next_fallback(facts, block, cause, budget)
    begin, places = current_step(facts), []
    if isinstance(step, Fallback):
        begin = step.fallback_step
        places = [in_time(facts, block, step, facts.now)[0], step]
    if cause.next is not RetryChange.LARGER:
        further = advance(facts, block, begin - 1, but=but)
        places += [] if isinstance(further, NoFallback) else [further]
    if cause.next in _AS_IT_WAS or (cause.next is RetryChange.RESUME and facts.resumable):
        places.append(Fallback(fallback_step=begin, changes={}))
    return next((place for place in places if place_with(facts, place.changes) not in but), None)
