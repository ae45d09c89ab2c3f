"""Submits a job again that did not complete: within a limit per cause and along the ladder; or gives up with a message."""

from __future__ import annotations

from dataclasses import replace

from controller.decide.announce import say
from controller.decide.call_off import called_off_numbers
from controller.decide.decision import Decision, Need
from controller.decide.enforce.recompute_repair import repair_now, same_repair
from controller.decide.enforce.repair_prefix import refused_as_not_free
from controller.decide.facts import READ_AFTER, Facts
from controller.decide.resubmit.done_by_another_job import not_done_twice
from controller.decide.resubmit.fallback import (
    Fallback,
    NoFallback,
    current_step,
    next_fallback,
    spot_again,
    step_in_time,
    step_of_move,
    step_past_refused,
)
from controller.decide.resubmit.refused_steps import never_fitted, refused_submissions, short_of_quota
from controller.decide.resubmit.requested_attempt import repair_of_first, request_as_asked
from controller.decide.resubmit.retries import RETRIES_MAX, give_up, jitter_share, made, retry_wait, tried_for
from controller.decide.resubmit.submission import ended_at, submit_next
from controller.decide.resubmit.undo_fallback import changed_by_us, resources_of, resources_that_worked
from controller.decide.user_requests import latest_request
from controller.jobs.failure import FailureCause
from controller.jobs.request import (
    RequestChange,
    change_from_json,
    in_subnets,
    merged,
    on_demand,
    on_instances,
    on_volume,
)
from controller.ledger.entry import Ended, UserRequested
from controller.ledger.intent import Intent, IntentResult, Purpose, Stop, Submit
from controller.ledger.messages.kind import GiveUpReason, MoveReason, asked_by
from controller.ledger.messages.message import CalledOff, CannotRepeat, ChangedBack, JobFacts, WouldResubmit
from controller.ledger.move_cause import MoveCause
from controller.policy.mode import Mode
from controller.policy.repair import NotRepairable
from controller.policy.resubmission import Budget, BudgetPer, Resubmission
from controller.policy.user_request import UserRequest

_NO_ROOM = frozenset({FailureCause.CAPACITY, FailureCause.QUOTA})
PREFIXES_TRIED_MAX = 3  # attempts that were refused because their new prefix was taken; each refusal was announced


def resubmit(facts: Facts) -> Decision:
    """Decide the next attempt of a job that failed with a retryable cause, or that was stopped to be moved or repaired.

    A failed job is submitted again only if a ``resubmit`` block of the policy selects it, because people, Airflow and Step
    Functions retry too. An outcome that was older than the block's ``within`` when it was first seen is only recorded. A repair
    needs no block.
    """
    job = facts.job
    if job.cause is None or facts.owned:
        return Decision()
    under_way = _under_way(facts)
    if under_way is None:
        return not_done_twice(facts, _next_attempt(facts))
    doubtful = not made(under_way, facts) and not _decided_now(under_way, facts)
    return Decision(intents=(under_way,), doubtful=frozenset({under_way.key} if doubtful else ()))


def _decided_now(under_way: Intent, facts: Facts) -> bool:
    """Whether a Submit that was tried before is the one that would be decided now."""
    now = (i.action for i in _next_attempt(facts).intents if isinstance(i.action, Submit))
    return isinstance(under_way.action, Submit) and any(under_way.action.same_request(submit) for submit in now)


def _next_attempt(facts: Facts) -> Decision:
    """The next attempt according to the policy and the lineage as they are now, whatever was decided before."""
    job = facts.job
    if not facts.newest or job.cause is None:
        return Decision()
    stop, block = _our_stop(facts), facts.policy.resubmission_for(job)
    asked = latest_request(facts, UserRequest.STOP, UserRequest.TRY_AGAIN, UserRequest.ON_DEMAND, UserRequest.CANCEL)
    if asked is not None and asked.request is UserRequest.CANCEL:
        return _called_off(facts, asked)
    ask = stop is None or stop.purpose is Purpose.RULE or called_off_numbers(facts.lineage, job.name)
    if ask and asked is not None:
        return Decision() if asked.request is UserRequest.STOP else _as_asked(facts, asked)
    if stop is not None and stop.purpose is Purpose.RULE:
        return Decision()
    if stop is not None and stop.purpose is Purpose.REPAIR:
        return _repaired(facts, stop)
    if stop is not None and isinstance(stop.next_cause, MoveCause):
        return _moved(facts, block, stop.next_cause)
    if block is None or block.mode is Mode.AUDIT or facts.never_again or _too_old(facts, block):
        return Decision()
    return _again(facts, block, job.cause)


# ── after an outcome without a stop of ours ──────────────────────────────────────────────────────────────────────────────────


def _again(facts: Facts, block: Resubmission, cause: FailureCause) -> Decision:
    budget, sharing = block.budget_of(cause)
    job, shown = facts.job, JobFacts.of(facts.job)
    if cause in _NO_ROOM and _is_on_demand_for_its_deadline(facts):
        return _back_to_spot(facts)
    if changed_by_us(facts) and block.mode is not Mode.WARN:
        return _changed_back(facts, cause)
    if budget is None or not budget.counts(cause, job.failure):
        return Decision()
    if job.unrepeatable:
        return say(facts, CannotRepeat(job=shown, why=job.unrepeatable))
    if block.mode is Mode.WARN:
        return say(facts, WouldResubmit(job=shown, cause=cause, block=block.name, limit=budget.limit), cause)
    repair = repair_of_first(facts)
    if isinstance(repair, NotRepairable):
        return say(facts, CannotRepeat(job=shown, why=repair.why, rules=repair.rules), "rules")
    refused, short = refused_submissions(facts), short_of_quota(facts, block)
    if refused or short:
        found = _elsewhere_at_once(facts, block, cause, budget, refused, short, repair)
        if found is not None:
            return found
    tried = tried_for(facts, sharing, budget.per)
    limit = budget.limit if cause.tries_max is None else min(budget.limit, cause.tries_max)
    if tried >= limit:
        of_progress = budget.per is BudgetPer.PROGRESS
        return give_up(facts, GiveUpReason.LIMIT_REACHED, cause, tried=tried, without_progress=of_progress)
    if (all_tries := tried_for(facts, sharing)) >= (cause.tries_max or RETRIES_MAX):
        return give_up(facts, GiveUpReason.LIMIT_REACHED, cause, tried=all_tries)
    step = next_fallback(facts, block, cause, budget)
    if isinstance(step, NoFallback):
        return give_up(facts, step.why, cause, tried=tried)
    wait = retry_wait(budget, tried, jitter_share(facts.lineage.id, facts.number))
    due_at = ended_at(facts) + wait
    step, due_at, hurry = step_in_time(facts, block, step, due_at)
    if "tags" in job.unknown:
        due_at = max(due_at, job.created_at + READ_AFTER)  # a tag may forbid the attempt
    return submit_next(facts, cause, _with_repair(step, repair), due_at, tried=tried, limit=limit, why=hurry)


def _with_repair(step: Fallback, repair: RequestChange) -> Fallback:
    """A step together with the repair that the rules demand. Where both change the same member, the step's value counts."""
    return replace(step, changes=merged(repair, step.changes)) if repair else step


def _changed_back(facts: Facts, cause: FailureCause) -> Decision:
    """Return to the resources that worked, once and without a wait, and announce what the controller's change broke."""
    job, ours, back = facts.job, resources_of(facts.job), resources_that_worked(facts)
    if job.unrepeatable:
        return say(facts, CannotRepeat(job=JobFacts.of(job), why=job.unrepeatable))
    if back is None:
        return give_up(facts, GiveUpReason.NOT_RETRYABLE, cause)
    other = back.instance_count if back.instance_count != job.instance_count else None
    known = ours.volume_gb is not None and back.volume_gb is not None
    volume_gb = back.volume_gb if known and back.volume_gb != ours.volume_gb else None
    subnets = back.subnets if known and back.subnets != ours.subnets else ()
    changes = merged(
        on_instances(back.instance_type, other), on_volume(volume_gb) if volume_gb else {}, in_subnets(subnets) if subnets else {}
    )  # fmt: skip
    step = Fallback(fallback_step=current_step(facts), changes=changes)
    attempt = facts.lineage.name_of(facts.number + 1, job.identity)
    message = ChangedBack(
        name=job.name, attempt=attempt, why=job.failure or "", instance_type=job.instance_type, instances=job.instance_count,
        back_to_type=back.instance_type, back_to_instances=back.instance_count, trained=back.trained,
        volume_gb=ours.volume_gb if volume_gb else None, back_to_volume_gb=volume_gb,
        subnets=", ".join(ours.subnets) if subnets else "", back_to_subnets=", ".join(subnets), team=job.team or "",
    )  # fmt: skip
    submitted = submit_next(facts, MoveCause.CHANGED_BACK, step, ended_at(facts))
    return submitted | say(facts, message) if any(isinstance(i.action, Submit) for i in submitted.intents) else submitted


def _elsewhere_at_once(
    facts: Facts, block: Resubmission, cause: FailureCause, budget: Budget, refused: tuple[Intent, ...],
    short: tuple[Intent, ...], repair: RequestChange,
) -> Decision | None:  # fmt: skip
    """The next place after submissions that created no job, outside every budget; None to continue as after any outcome."""
    submits = tuple(i.action for i in (*refused, *short) if isinstance(i.action, Submit))
    step, after = step_past_refused(facts, block, cause, budget, submits, repair), 1 + len(submits)
    step = _with_repair(step, repair) if step is not None else None
    if step is not None and short:
        return submit_next(facts, FailureCause.QUOTA, step, ended_at(facts), after=after, limit=after, tried=len(submits))
    if step is not None:
        tried = tried_for(facts, block.budget_of(cause)[1], budget.per)
        return submit_next(facts, cause, step, ended_at(facts), after=after, limit=budget.limit, tried=tried)
    waiting = tuple(i for i in short if i.open)
    if waiting:
        return Decision(intents=waiting) if refused else None
    if not any(never_fitted(i) for i in refused):
        return None
    return give_up(facts, GiveUpReason.NO_FURTHER_STEP, cause, tried=len(refused))


def _as_asked(facts: Facts, asked: UserRequested) -> Decision:
    """The attempt that a person asked for. It counts against no budget or cap, because the policy lists who may ask."""
    if facts.job.unrepeatable:
        return say(facts, CannotRepeat(job=JobFacts.of(facts.job), why=facts.job.unrepeatable))
    leaving_spot = asked.request is UserRequest.ON_DEMAND and facts.job.spot
    as_asked: RequestChange = on_demand() if leaving_spot else {}
    changes = request_as_asked(facts, as_asked)  # no rule stops it later
    if isinstance(changes, NotRepairable):
        return say(facts, CannotRepeat(job=JobFacts.of(facts.job), why=changes.why, rules=changes.rules))
    step = Fallback(fallback_step=current_step(facts), changes=changes)
    after = max(asked.number - facts.number, 1)
    return submit_next(facts, MoveCause.ASKED, step, asked.at, why=asked_by(asked.who), after=after)


def _called_off(facts: Facts, asked: UserRequested) -> Decision:
    """The message that a person called the next attempt off. No attempt follows until somebody requests one."""
    attempt = facts.lineage.name_of(asked.number, facts.job.identity)
    return say(facts, CalledOff(job=JobFacts.of(facts.job), attempt=attempt, who=asked.who, why=asked.why), str(asked.number))


# ── after a stop of ours ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _moved(facts: Facts, block: Resubmission | None, cause: MoveCause) -> Decision:
    """The attempt for which a job was stopped: without a wait, outside every budget, even if the policy changed meanwhile."""
    if _refused(facts):
        return _back(facts)
    step, stop = step_of_move(facts, block, cause), _our_stop(facts)
    if cause is MoveCause.ASKED and stop is not None and stop.changes:  # they include the rules' fix
        step = replace(step, changes=change_from_json(stop.changes))
    return submit_next(facts, cause, step, ended_at(facts))


def _back(facts: Facts) -> Decision:
    """Return to where the job was, without a wait, because AWS refused the new place. The refused attempt keeps its name."""
    cause = MoveCause.RETURN if facts.job.spot else MoveCause.DEADLINE
    step = Fallback(fallback_step=current_step(facts), changes={})
    return submit_next(facts, cause, step, ended_at(facts), why=MoveReason.NO_CAPACITY, after=2)


def _back_to_spot(facts: Facts) -> Decision:
    """Return to spot, without a wait: on-demand had no capacity."""
    step = Fallback(fallback_step=current_step(facts), changes=spot_again(facts))
    return submit_next(facts, MoveCause.RETURN, step, ended_at(facts), why=MoveReason.NO_CAPACITY)


def _is_on_demand_for_its_deadline(facts: Facts) -> bool:
    """Whether the job that ended is the on-demand attempt of a deadline."""
    made = next((submit for submit, _ in facts.lineage.submits() if submit.number == facts.number), None)
    return made is not None and made.cause is MoveCause.DEADLINE and not facts.job.spot


def _refused(facts: Facts) -> bool:
    """Whether AWS refused an attempt on other capacity for which this job was stopped."""
    return any(
        i.closed is IntentResult.REFUSED and isinstance(i.action, Submit) and not i.name_spent
        and isinstance(i.action.cause, MoveCause) and i.action.cause.elsewhere
        for i in facts.lineage.intents
        if i.action.about == facts.job.name
    )  # fmt: skip


def _repaired(facts: Facts, stop: Stop) -> Decision:
    """The attempt of the repaired job: one, and outside every budget."""
    if facts.job.unrepeatable:
        return say(facts, CannotRepeat(job=JobFacts.of(facts.job), why=facts.job.unrepeatable))
    repair = repair_now(facts, stop)
    if isinstance(repair, NotRepairable):
        return say(facts, CannotRepeat(job=JobFacts.of(facts.job), why=repair.why))
    after, changes = 1 + refused_as_not_free(facts.lineage, facts.job.name), repair
    said = facts.lineage.intent(f"submit/{facts.lineage.name_of(facts.number + after, facts.job.identity)}")
    known = said.action if said is not None and said.closed is not IntentResult.WITHDRAWN else None
    if isinstance(known, Submit) and same_repair(known.changes, repair):
        changes = change_from_json(known.changes)
    elif "CheckpointConfig" in repair:
        if Need.REPAIR_PREFIX not in facts.looked_up or after > PREFIXES_TRIED_MAX:
            return Decision(needs=frozenset({Need.REPAIR_PREFIX}) if after <= PREFIXES_TRIED_MAX else frozenset())
        changes = merged(changes, {"CheckpointConfig": {"S3Uri": facts.repair_prefix}})
    step = Fallback(fallback_step=current_step(facts), changes=changes)
    return submit_next(facts, MoveCause.REPAIR, step, ended_at(facts), why=stop.because, after=after)


# ── what is known of the outcome ──────────────────────────────────────────────────────────────────────────────────────────────


def _under_way(facts: Facts) -> Intent | None:
    """The open Submit that may be under way, or whose job was already seen. No other Submit is decided meanwhile."""
    open_ = (i for i in facts.lineage.open_intents(facts.job.name) if isinstance(i.action, Submit))
    return next((i for i in open_ if i.leased_until is not None or made(i, facts)), None)


def _our_stop(facts: Facts) -> Stop | None:
    """The controller's Stop that ended this job, if there was one."""
    asked = facts.lineage.intent(f"stop/{facts.job.name}")
    if asked is None or asked.claim == 0 or asked.closed is IntentResult.WITHDRAWN or not isinstance(asked.action, Stop):
        return None
    return asked.action


def _too_old(facts: Facts, block: Resubmission) -> bool:
    ended = facts.lineage.entry(Ended, facts.job.name)
    seen_at = ended.seen_at if ended else facts.now
    ended_at = facts.job.ended_at or (ended.at if ended else facts.now)
    return (seen_at - ended_at).total_seconds() > block.within_s
