"""Stops a job to move it to on-demand or back to spot for its deadline, or announces why the deadline cannot be met.

Also moves a job that was interrupted too often.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from controller.decide.announce import checkpoint_facts, say
from controller.decide.deadline.outlook import Outlook, deadline_of, outlook
from controller.decide.deadline.spot_or_on_demand import Move
from controller.decide.decision import Decision, Need
from controller.decide.facts import Facts
from controller.decide.resubmit.fallback import NoFallback, next_fallback, step_of_move
from controller.decide.resubmit.refused_steps import place_with, places_that_never_fit
from controller.decide.spend_cap import reservation_for, still_reserved
from controller.jobs.request import on_demand
from controller.ledger.intent import Announce, Intent, Purpose, Stop, Wake
from controller.ledger.messages.kind import MessageKind, MoveReason
from controller.ledger.messages.message import (
    CannotAfford,
    CannotRepeat,
    CapFacts,
    DeadlineAtRisk,
    DeadlineLost,
    JobFacts,
    MaxWaitBeforeDeadline,
    Moving,
    NoEstimate,
    NoRoom,
    NotMoved,
    OnDemandForbidden,
    WouldMove,
)
from controller.ledger.move_cause import MoveCause
from controller.policy.mode import Mode
from controller.policy.resubmission import Guarantee, Resubmission

QUOTA_CHECK_INTERVAL = timedelta(minutes=5)  # another job may end and leave room in the quota


def keep_deadline(facts: Facts) -> Decision:
    """Decide the Stop of a job that has to move, and what people are told about its deadline.

    Where the family's history was not read (a job at rest), nothing is decided about the deadline: the last decision holds until
    its Wake.
    """
    job = facts.job
    block = facts.policy.resubmission_for(job)
    if block is None or block.mode is Mode.AUDIT or not job.alive or not facts.newest or facts.owned or facts.never_again:
        return Decision()
    too_often = _interrupted_too_often(facts, block)
    if facts.history is None:
        return too_often
    seen, wanted = outlook(facts, block), deadline_of(facts, block.deadline)
    if wanted is None:
        return too_often
    if seen is None:
        message = NoEstimate(job=JobFacts.of(job), deadline=wanted, runs=len(facts.history), family=facts.family)
        return too_often | say(facts, message)
    return _at_the_start(facts, seen) | _keep_deadline(facts, block, seen) | too_often


def _keep_deadline(facts: Facts, block: Resubmission, seen: Outlook) -> Decision:
    job, shown = facts.job, JobFacts.of(facts.job)
    if job.status == "Stopping":
        return Decision()  # the next attempt will be chosen with the deadline in mind (``step_in_time``)
    if seen.lost:
        return say(facts, DeadlineLost(job=shown, deadline=seen.deadline, finish_at=seen.finish_at))
    if job.uploads_now:
        return Decision()
    wake = Decision(intents=(Intent(action=Wake(about=job.name, at=seen.look_at), due_at=seen.look_at),))
    if seen.move is Move.STAY:
        return (wake if seen.look_at > facts.now else Decision()) | _stays_at_risk(facts, seen)
    if seen.move is Move.ON_DEMAND and not block.on_demand:
        return say(facts, OnDemandForbidden(job=shown, block=block.name, deadline=seen.deadline))
    if seen.move is Move.ON_DEMAND and not facts.resumable and job.intervals and block.deadline.guarantee is Guarantee.MONEY:
        return say(facts, DeadlineAtRisk(job=shown, deadline=seen.deadline))
    if facts.lost_by_a_stop_s and not block.deadline.move_without_checkpoint:
        if seen.move is Move.SPOT:
            return Decision()  # it meets its deadline where it is
        return _not_moved(facts, seen.why, seen.deadline) | _look_soon(facts)
    if block.mode is Mode.WARN:
        to = "spot" if seen.move is Move.SPOT else "on-demand"
        message = WouldMove(job=shown, block=block.name, reason=seen.why, to=to, deadline=seen.deadline)
        return say(facts, message, seen.move)
    if seen.move is Move.ON_DEMAND and Need.ON_DEMAND_ROOM not in facts.looked_up:
        return Decision(needs=frozenset({Need.ON_DEMAND_ROOM}))
    if seen.move is Move.ON_DEMAND and (room := _on_demand_room(facts)) is not None and room < job.instance_count:
        return say(facts, NoRoom(job=shown, room=max(room, 0), deadline=seen.deadline)) | _look_soon(facts)
    cause = MoveCause.DEADLINE if seen.move is Move.ON_DEMAND else MoveCause.RETURN
    to = "on-demand" if cause is MoveCause.DEADLINE else "spot"
    return _move(facts, block, cause, moving(facts, seen.why, to, deadline=seen.deadline))


def _stays_at_risk(facts: Facts, seen: Outlook) -> Decision:
    """Announce that a job stays on spot to its end: a move would destroy more than it saves, or could not meet the deadline."""
    told = {i.action.topic for i in facts.lineage.intents if isinstance(i.action, Announce) and i.action.about == facts.job.name}
    if seen.why is not MoveReason.NEARLY_DONE or any(topic.startswith(f"{MessageKind.NOT_MOVED}/") for topic in told):
        return Decision()
    left_s = seen.state.unstopped_s
    lost_s = seen.state.remaining_s - left_s
    shown = JobFacts.of(facts.job)
    return say(facts, DeadlineAtRisk(job=shown, deadline=seen.deadline, nearly_done=True, left_s=left_s, lost_s=lost_s))


def moving(facts: Facts, reason: str, to: str, *, deadline: datetime | None = None) -> Moving:
    """The message about a move: what it loses, and, if a checkpoint was seen, where the next attempt begins.

    ``to`` is "on-demand", "spot" or "next-step".
    """
    seen, job = facts.last_checkpoint_scan, facts.job
    shown = checkpoint_facts(job.checkpoint_uri, seen) if facts.checkpoint_seen or facts.resumable else None
    since_s = None
    if shown is not None and shown.newest_at is not None:
        begun = max(shown.newest_at, job.intervals[-1].start) if job.training else facts.now
        since_s = max(int((facts.now - begun).total_seconds()), 0)
    return Moving(
        job=JobFacts.of(job), reason=reason, to=to, deadline=deadline, lost_s=facts.lost_by_a_stop_s, checkpoint=shown,
        since_s=since_s, trained=bool(job.intervals),
    )  # fmt: skip


def _on_demand_room(facts: Facts) -> int | None:
    """How many instances the on-demand quota has room for; 0 where AWS refused this lineage there permanently; None: unknown."""
    return 0 if place_with(facts, on_demand()) in places_that_never_fit(facts) else facts.room


def _not_moved(facts: Facts, reason: MoveReason, deadline: datetime | None = None) -> Decision:
    """Announce that a move would lose all training so far, which the policy does not allow."""
    message = NotMoved(job=JobFacts.of(facts.job), reason=reason, deadline=deadline, lost_s=facts.lost_by_a_stop_s)
    return say(facts, message, reason)


def _look_soon(facts: Facts) -> Decision:
    """Look at the job again within five minutes. The time counts from its creation, so that each decision gives the same one."""
    passed = (facts.now - facts.job.created_at) // QUOTA_CHECK_INTERVAL
    at = facts.job.created_at + (passed + 1) * QUOTA_CHECK_INTERVAL
    return Decision(intents=(Intent(action=Wake(about=facts.job.name, at=at), due_at=at),))


def _move(facts: Facts, block: Resubmission, cause: MoveCause, message: Moving) -> Decision:
    """Stop the job and continue it elsewhere, if it can be submitted again: otherwise the stop would lose it."""
    if facts.job.unrepeatable:
        return say(facts, CannotRepeat(job=message.job, why=facts.job.unrepeatable), cause)
    begun = facts.lineage.intent(f"stop/{facts.job.name}")
    if begun is not None and still_reserved(begun, facts.now) is not None:
        return Decision(intents=(begun,)) | say(facts, message, cause)  # its next attempt is reserved
    reserved = reservation_for(facts, step_of_move(facts, block, cause).changes)
    if isinstance(reserved, CapFacts):
        return say(facts, CannotAfford(job=message.job, cap=reserved), cause)
    if isinstance(reserved, Need):
        return Decision(needs=frozenset({reserved}))
    stop = Stop(
        about=facts.job.name, because=message.reason, purpose=Purpose.MOVE, next_cause=cause,
        cost_micros=reserved.cost_micros, cap_micros=reserved.cap_micros, month=reserved.month,
    )  # fmt: skip
    message = replace(message, next_micros=reserved.cost_micros)
    return Decision(intents=(Intent(action=stop, due_at=facts.now),)) | say(facts, message, cause)


def _at_the_start(facts: Facts, seen: Outlook) -> Decision:
    """Announce a MaxWaitTimeInSeconds that ends before the deadline: SageMaker would stop the job while there is still time."""
    job = facts.job
    if not job.spot or job.wait_s_max is None:
        return Decision()
    ends_at = job.created_at + timedelta(seconds=job.wait_s_max)
    if ends_at >= seen.deadline:
        return Decision()
    shown = JobFacts.of(job)
    return say(facts, MaxWaitBeforeDeadline(job=shown, wait_s=job.wait_s_max, ends_at=ends_at, deadline=seen.deadline))


def _interrupted_too_often(facts: Facts, block: Resubmission) -> Decision:
    """Move a job that was interrupted more often than the policy allows to its next fallback step."""
    limit, job = block.interruption_limit, facts.job
    if limit is None or job.status == "Stopping" or job.uploads_now:
        return Decision()
    recent = sum((facts.now - at).total_seconds() <= limit.within_s for at in job.interrupted_at)
    if recent <= limit.more_than or isinstance(next_fallback(facts, block, MoveCause.INTERRUPTIONS), NoFallback):
        return Decision()
    why = MoveReason.INTERRUPTIONS
    if facts.lost_by_a_stop_s and not block.deadline.move_without_checkpoint:
        return _not_moved(facts, why)
    message = replace(
        moving(facts, why, "next-step"), interruptions=recent, within_s=limit.within_s, limit=limit.more_than
    )  # fmt: skip
    if block.mode is Mode.WARN:
        would = WouldMove(
            job=message.job, block=block.name, reason=why, to=message.to, interruptions=recent, within_s=limit.within_s,
            limit=limit.more_than,
        )  # fmt: skip
        return say(facts, would, "interruptions")
    return _move(facts, block, MoveCause.INTERRUPTIONS, message)
