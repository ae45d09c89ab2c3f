"""Records signs of spot capacity in a pool, for jobs that left it and may return."""

from __future__ import annotations

from datetime import datetime

from controller.decide.decision import Decision, Need
from controller.decide.facts import Facts
from controller.jobs.job import Job, Outcome, Service
from controller.ledger.pool import CAPACITY_SIGNAL_AGE, CapacitySeen


def capacity_signals(facts: Facts) -> Decision:
    """Record that a pool has spot capacity: a job trains there on spot, a probe got an instance, or EC2's score suffices."""
    if facts.job.spot:
        at = _had_a_machine_at(facts.job, facts.now)
        if at is None or at <= facts.now - CAPACITY_SIGNAL_AGE:
            return Decision()
        return Decision(capacity=(_seen(facts, at),))
    least = _least_score(facts)
    if least is None:
        return Decision()
    if Need.PLACEMENT_SCORE not in facts.looked_up:
        return Decision(needs=frozenset({Need.PLACEMENT_SCORE}))
    asked = facts.placement
    if asked is None:
        return Decision()
    enough = asked.score is not None and asked.score >= least
    return Decision(capacity=(asked, _seen(facts, asked.at)) if enough else (asked,))


def _seen(facts: Facts, at: datetime) -> CapacitySeen:
    return CapacitySeen(region=facts.job.region, instance_type=facts.job.instance_type, job=facts.job.name, at=at)


def _had_a_machine_at(job: Job, now: datetime) -> datetime | None:
    """When a spot job got the instance that shows capacity; None where it holds none. A probe counts once it has ended."""
    if job.service is Service.PROBE and job.outcome in (Outcome.COMPLETED, Outcome.OVERRAN):
        return job.started_at or job.ended_at or now
    return job.intervals[-1].start if job.intervals and job.intervals[-1].end is None else None


def _least_score(facts: Facts) -> int | None:
    """The lowest placement score (1 to 10) that brings this job back to spot; None for a job that no score moves."""
    job, block = facts.job, facts.policy.resubmission_for(facts.job)
    if facts.history is None or not job.alive or facts.number == 1:
        return None
    return block.deadline.placement_score if block and block.deadline.back_to_spot else None
