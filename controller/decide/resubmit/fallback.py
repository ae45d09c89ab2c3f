"""Where the next attempt runs: the step of the fallback ladder that it takes, and what the step changes in its request.

A ladder is a list of steps: the same request, other instance types one by one, other subnets, on-demand. The current step of a
lineage is the highest step of its submissions. The cause of an outcome or of a move decides whether the next attempt stays on
that step or takes the next one. A deadline can require on-demand. Places that AWS refused permanently are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from controller.decide.deadline.outlook import outlook, spot_wait_s
from controller.decide.deadline.spot_or_on_demand import Move
from controller.decide.facts import Facts
from controller.decide.resubmit.refused_steps import Place, place_of, place_with, places_that_never_fit
from controller.jobs.failure import FailureCause, RetryChange
from controller.jobs.instance import equivalents
from controller.jobs.request import RequestChange, in_subnets, merged, on_demand, on_instances, on_spot, on_volume
from controller.ledger.entry import Started
from controller.ledger.intent import Submit
from controller.ledger.messages.kind import GiveUpReason
from controller.ledger.move_cause import AttemptCause, MoveCause
from controller.policy.resubmission import Budget, FallbackKind, FallbackStep, Resubmission
from controller.savings.interruption_rates import cheapest_first
from controller.units.value import dataclass

EQUIVALENTS_MAX = 3  # equivalent types that are tried: each try may wait for the whole MaxWaitTimeInSeconds
_AS_IT_WAS = frozenset({RetryChange.SAME, RetryChange.NAMED, RetryChange.ELSEWHERE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """The step of the next attempt (an index into ``fallback_steps``), and the changes of its request."""

    fallback_step: int
    changes: RequestChange


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFallback:
    """Why there is no next attempt."""

    why: GiveUpReason


def next_fallback(facts: Facts, block: Resubmission, cause: AttemptCause, budget: Budget | None = None) -> Fallback | NoFallback:
    """The step after an outcome, or for a move because of interruptions; or why there is none."""
    taken, current = _last_taken(facts), current_step(facts)
    if isinstance(cause, MoveCause):
        interrupted = cause is MoveCause.INTERRUPTIONS
        return advance(facts, block, taken, least=1) if interrupted else NoFallback(why=GiveUpReason.NOT_RETRYABLE)
    match cause.next:
        case RetryChange.SAME | RetryChange.NAMED:
            return Fallback(fallback_step=current, changes={})
        case RetryChange.RESUME if facts.resumable:
            return Fallback(fallback_step=current, changes={})
        case RetryChange.RESUME if cause is FailureCause.OVERRAN:
            return NoFallback(why=GiveUpReason.NO_CHECKPOINT_AFTER_RUNTIME)
        case RetryChange.RESUME:
            step = advance(facts, block, taken, least=1)
            if isinstance(step, NoFallback):
                return NoFallback(why=GiveUpReason.NO_CHECKPOINT_NO_OTHER_TYPE)
            return step
        case RetryChange.ELSEWHERE:
            step = advance(facts, block, taken, least=1 if cause is FailureCause.NEVER_LAUNCHED else 0)
            return Fallback(fallback_step=current, changes={}) if isinstance(step, NoFallback) else step
        case RetryChange.LARGER:
            return _larger(facts, budget)
        case RetryChange.NEVER:
            return NoFallback(why=GiveUpReason.NOT_RETRYABLE)


def step_of_move(facts: Facts, block: Resubmission | None, cause: MoveCause) -> Fallback:
    """Where a job that was stopped for a move continues. With its own request, if the ladder has no step for it any more."""
    if cause in (MoveCause.DEADLINE, MoveCause.ASKED):
        return Fallback(fallback_step=current_step(facts), changes=on_demand())
    if cause is MoveCause.RETURN:
        return Fallback(fallback_step=current_step(facts), changes=spot_again(facts))
    step = next_fallback(facts, block, cause) if block else NoFallback(why=GiveUpReason.NO_FURTHER_STEP)
    return step if isinstance(step, Fallback) else Fallback(fallback_step=current_step(facts), changes={})


def spot_again(facts: Facts) -> RequestChange:
    """The changes that bring the job back to spot."""
    return on_spot(runtime_s=facts.job.runtime_s_max or 86_400, wait_s=spot_wait_s(facts))


def step_in_time(facts: Facts, block: Resubmission, step: Fallback, due_at: datetime) -> tuple[Fallback, datetime, str]:
    """The step that the deadline allows, when it is due, and why it was changed (empty if not).

    An attempt that would be too late for spot is submitted on-demand, without a wait.
    """
    if not block.on_demand or facts.history is None:
        return step, due_at, ""
    seen = outlook(facts, block, at=max(due_at, facts.now))
    if seen is None or seen.move is not Move.ON_DEMAND or not step.changes.get("EnableManagedSpotTraining", facts.job.spot):
        return step, due_at, ""
    changes = merged(step.changes, on_demand())
    if place_with(facts, changes) in places_that_never_fit(facts):
        return step, due_at, ""
    return Fallback(fallback_step=step.fallback_step, changes=changes), facts.job.ended_at or facts.job.created_at, seen.why


def step_past_refused(
    facts: Facts, block: Resubmission, cause: FailureCause, budget: Budget, refused: tuple[Submit, ...], repair: RequestChange
) -> Fallback | None:
    """The first place that was not refused: of the step that the outcome requires, of later steps, and of the job's own request.

    Each attempt is sent with ``repair`` besides, so a place is that of the step together with it. None where all were refused.
    """
    but = frozenset(place_of(facts, submit) for submit in refused) | places_that_never_fit(facts)
    step = next_fallback(facts, block, cause, budget)
    begin, places = current_step(facts), []
    if isinstance(step, Fallback):
        begin = step.fallback_step
        places = [step_in_time(facts, block, step, facts.now)[0], step]
    if cause.next is not RetryChange.LARGER:
        further = advance(facts, block, begin - 1, but=but, repair=repair)
        places += [] if isinstance(further, NoFallback) else [further]
    if cause.next in _AS_IT_WAS or (cause.next is RetryChange.RESUME and facts.resumable):
        places.append(Fallback(fallback_step=begin, changes={}))
    return next((place for place in places if place_with(facts, merged(repair, place.changes)) not in but), None)


def fallback_steps(facts: Facts, block: Resubmission) -> tuple[FallbackStep, ...]:
    """The steps of the ladder for this job, one per instance type; subnets only for a job in a VPC, on-demand only if allowed."""
    single: list[FallbackStep] = []
    for fallback_step in block.ladder or (FallbackStep(kind=FallbackKind.SAME),):
        match fallback_step.kind:
            case FallbackKind.INSTANCE_TYPES:
                single += [fallback_step] * len(fallback_step.values)
            case FallbackKind.EQUIVALENTS:
                alike = equivalents(_root_type(facts))[:EQUIVALENTS_MAX]
                single += [FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=alike)] * len(alike)
            case FallbackKind.SUBNETS:
                single += [fallback_step] if facts.job.subnets else []
            case FallbackKind.ON_DEMAND:
                single += [fallback_step] if block.on_demand else []
            case FallbackKind.SAME:
                single += [fallback_step]
    return tuple(single)


def candidate_types(facts: Facts, block: Resubmission) -> tuple[str, ...]:
    """Every instance type that the ladder may use. Their interruption rates and prices are read before a step is taken."""
    return tuple(
        sorted(
            {
                t
                for fallback_step in fallback_steps(facts, block)
                if fallback_step.kind is FallbackKind.INSTANCE_TYPES
                for t in fallback_step.values
            }
        )
    )


def next_types(facts: Facts, block: Resubmission | None) -> tuple[str, ...]:
    """Every instance type that a next attempt may have: the job's, its root's, the ladder's, and the policy's larger ones."""
    own = {facts.job.instance_type, _root_type(facts)}
    larger = {budget.instance_type for budget in block.causes.values() if budget.instance_type} if block is not None else set()
    return tuple(sorted(own | larger | set(candidate_types(facts, block) if block is not None else ())))


def current_step(facts: Facts) -> int:
    """The highest step that the lineage has used up to this attempt; 0 for its first request."""
    return max(_last_taken(facts), 0)


def _last_taken(facts: Facts) -> int:
    """As ``current_step``, but -1 for the first request, which took no step of the ladder."""
    return max((submit.fallback_step for submit, _ in facts.lineage.submits() if submit.number <= facts.number), default=-1)


def advance(
    facts: Facts, block: Resubmission, current: int, *, least: int = 0, but: frozenset[Place] = frozenset(),
    repair: RequestChange | None = None,
) -> Fallback | NoFallback:  # fmt: skip
    """The next step after ``current``, at least ``least``. Skips instance types that were tried, and places that never fit or
    are in ``but``. A place is that of the step together with ``repair``.
    """
    ladder, but = fallback_steps(facts, block), but | places_that_never_fit(facts)

    def is_refused(changes: RequestChange) -> bool:
        return place_with(facts, merged(repair or {}, changes)) in but

    for fallback_step in range(max(current + 1, least), len(ladder)):
        changes = _changes(facts, ladder[fallback_step], is_refused)
        if changes is not None and not is_refused(changes):
            return Fallback(fallback_step=fallback_step, changes=changes)
    return NoFallback(why=GiveUpReason.NO_FURTHER_STEP)


def _changes(facts: Facts, fallback_step: FallbackStep, is_refused: Callable[[RequestChange], bool]) -> RequestChange | None:
    """What a step changes in the last attempt's request; None for instance types that were all tried or refused."""
    match fallback_step.kind:
        case FallbackKind.SAME:
            return {}
        case FallbackKind.INSTANCE_TYPES | FallbackKind.EQUIVALENTS:
            untried = [t for t in _untried(facts, fallback_step.values) if not is_refused(on_instances(t))]
            return on_instances(cheapest_first(untried, facts.pools, facts.rates)[0]) if untried else None
        case FallbackKind.SUBNETS:
            return merged(_back_to_root(facts), in_subnets(fallback_step.values))
        case FallbackKind.ON_DEMAND:
            return merged(_back_to_root(facts), on_demand()) if facts.job.spot else _back_to_root(facts)


def _untried(facts: Facts, instance_types: Sequence[str]) -> tuple[str, ...]:
    tried = {e.instance_type for e in facts.lineage.entries if isinstance(e, Started)} | {facts.job.instance_type}
    return tuple(t for t in instance_types if t not in tried)


def _back_to_root(facts: Facts) -> RequestChange:
    """The change back to the instance type of the first request, with which the steps for subnets and on-demand begin."""
    wanted = _root_type(facts)
    return {} if wanted == facts.job.instance_type else on_instances(wanted)


def _root_type(facts: Facts) -> str:
    root = facts.lineage.entry(Started, facts.lineage.id.root)
    return root.instance_type if root else facts.job.instance_type


def _larger(facts: Facts, budget: Budget | None) -> Fallback | NoFallback:
    """A larger instance type or volume, as the policy names it; never the same size again."""
    fallback_step, job = current_step(facts), facts.job
    if budget is not None and budget.instance_type is not None and budget.instance_type != job.instance_type:
        return Fallback(fallback_step=fallback_step, changes=on_instances(budget.instance_type))
    if budget is not None and budget.volume_gb is not None and budget.volume_gb > (job.volume_gb or 0):
        return Fallback(fallback_step=fallback_step, changes=on_volume(budget.volume_gb))
    return NoFallback(why=GiveUpReason.NOTHING_LARGER)
