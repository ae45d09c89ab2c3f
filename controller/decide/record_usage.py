"""Books what a finished job measured, and what of it was useful: facts that the savings are folded from."""

from __future__ import annotations

from datetime import timedelta

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.observe import ENDED, checkpoint_scanned
from controller.jobs.job import Outcome, Usage
from controller.jobs.spot_possible import why_not_spot
from controller.ledger.entry import CheckpointScanned, Credited, Ended, Measured, Started, Unmeasured
from controller.savings.progress import Basis, useful_seconds

USAGE_TIME_LIMIT = timedelta(days=1)  # usage may follow the ending by minutes; after a day it is declared unknown


def record_usage(facts: Facts) -> Decision:
    """Book a finished job's usage once SageMaker says it, or declare it unknown after a day; credit what was resumed from."""
    job = facts.job
    credited = _resumed_from(facts)
    if job.outcome is None:
        return credited
    at = job.ended_at or facts.now
    if job.usage is not None:
        return Decision(entries=(_measured(facts, job.usage), _credited(facts, job.usage))) | credited
    if facts.now >= at + USAGE_TIME_LIMIT:
        return Decision(entries=(Unmeasured(job=job.name, at=at, team=job.team, spot=job.spot),)) | credited
    return credited


def measured_of(facts: Facts) -> tuple[Measured, ...]:
    """What is measured of the job's whole lineage, the job's own usage included as soon as SageMaker says it."""
    known = {e.job: e for e in (*facts.lineage.entries, *record_usage(facts).entries) if isinstance(e, Measured)}
    return tuple(known.values())


def _measured(facts: Facts, usage: Usage) -> Measured:
    job, rate, first = facts.job, facts.rate, facts.first_rate
    return Measured(
        job=job.name, at=job.ended_at or facts.now, team=job.team, training_s=usage.training_s, billable_s=usage.billable_s,
        spot=job.spot, instance_type=job.instance_type, instance_count=job.instance_count, region=job.region,
        rate_micros_per_h=rate.micros_per_h if rate else None, rate_as_of=rate.as_of if rate else None,
        rate_source=rate.source if rate else None, number=facts.number, user=job.user, algorithm=job.algorithm.name,
        spot_possible=job.spot or why_not_spot(job) is None,
        first_rate_micros_per_h=first.micros_per_h if first and facts.number > 1 else None,
    )  # fmt: skip


def _credited(facts: Facts, usage: Usage) -> Credited:
    """What was useful of a job by itself: of one without its model nothing, until somebody resumes from it."""
    useful_s, basis = useful_seconds(facts.job, usage, (*_sightings(facts, facts.job.name), *checkpoint_scanned(facts)))
    return Credited(job=facts.job.name, at=facts.job.ended_at or facts.now, team=facts.job.team, useful_s=useful_s, basis=basis)


def _resumed_from(facts: Facts) -> Decision:
    """Credit the attempt before this one with what this one went on from, once it trains and both are measured."""
    job, lineage = facts.job, facts.lineage
    if not job.intervals or job.checkpoint_uri is None:
        return Decision()
    before = next((e for e in lineage.entries if isinstance(e, Started) and e.number == _number_before(facts)), None)
    if before is None or before.checkpoint_uri != job.checkpoint_uri:
        return Decision()
    measured, last = lineage.entry(Measured, before.job), lineage.entry(Ended, before.job)
    seen = next((s for s in _sightings(facts, before.job) if s.occasion == ENDED), None)
    if measured is None or last is None or seen is None or last.outcome is Outcome.COMPLETED or seen.kept_s is None:
        return Decision()
    useful_s = min(seen.kept_s, measured.training_s)
    basis = (Basis.SEEN if seen.exact else Basis.BOUND) if useful_s else Basis.LOST
    return Decision(
        entries=(Credited(job=before.job, at=measured.at, team=measured.team, useful_s=useful_s, basis=basis),)
    )  # fmt: skip


def _number_before(facts: Facts) -> int:
    """The newest attempt before this one that was ever seen: a refused submission left no job behind."""
    numbers = (e.number for e in facts.lineage.entries if isinstance(e, Started) and e.number < facts.number)
    return max(numbers, default=0)


def _sightings(facts: Facts, job: str) -> tuple[CheckpointScanned, ...]:
    return tuple(e for e in facts.lineage.entries if isinstance(e, CheckpointScanned) and e.job == job)
