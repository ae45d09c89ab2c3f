"""Records a finished job's usage as SageMaker shows it, and how much of it was useful. Savings come from these entries."""

from __future__ import annotations

from datetime import timedelta

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.observe import ENDED, checkpoint_scanned
from controller.jobs.job import Job, Outcome, Usage
from controller.jobs.spot_possible import why_not_spot
from controller.ledger.entry import CheckpointScanned, Credited, Ended, Measured, Started, Unmeasured
from controller.savings.progress import resumed_seconds, useful_seconds, went_beyond

USAGE_TIME_LIMIT = timedelta(days=1)  # usage may appear minutes after the end; after a day it is recorded as unknown


def record_usage(facts: Facts) -> Decision:
    """Record a finished job's usage once SageMaker shows it, or after a day that it is unknown.

    Also credit the training of earlier attempts that this one continued from.
    """
    job = facts.job
    credited = _resumed_from(facts)
    if job.outcome is None:
        return credited
    at = job.ended_at or facts.now
    usage = job.measurable_usage
    if usage is not None:
        measured = _measured(facts, usage)
        return Decision(entries=(measured, _credited(facts, usage), *_resumed_later(facts, measured))) | credited
    if facts.now >= at + USAGE_TIME_LIMIT:
        return Decision(entries=(Unmeasured(job=job.name, at=at, team=job.team, spot=job.spot),)) | credited
    return credited


def measured_of(facts: Facts) -> tuple[Measured, ...]:
    """The measured usage of the lineage, with the job's own usage as soon as SageMaker shows it."""
    known = {e.job: e for e in (*facts.lineage.entries, *record_usage(facts).entries) if isinstance(e, Measured)}
    return tuple(known.values())


def _measured(facts: Facts, usage: Usage) -> Measured:
    job, rate, first = facts.job, facts.rate, facts.first_rate
    return Measured(
        job=job.name, at=job.ended_at or facts.now, team=job.team, training_s=usage.training_s, billable_s=usage.billable_s,
        spot=job.spot, instance_type=job.instance_type, instance_count=job.instance_count, region=job.region,
        rate_micros_per_h=rate.micros_per_h if rate else None, rate_as_of=rate.as_of if rate else None,
        rate_source=rate.source if rate else None, number=facts.number, user=job.user, algorithm=job.algorithm.name,
        first_rate_micros_per_h=first.micros_per_h if first and facts.number > 1 else None, retained_s=usage.retained_s,
        interruptions=len(job.interrupted_at), checkpoint=job.checkpoint_uri is not None,
        other_instances=on_other_instances(facts), first_permille=facts.first_permille,
        repeats=len(job.repeated_at), spot_possible=job.spot or why_not_spot(job) is None,
        spot_rate_micros_per_h=facts.spot_rate.micros_per_h if facts.spot_rate and job.spot else None,
        waited_s=_waited_s(job) if job.spot else None, tuner=job.tuner,
    )  # fmt: skip


def _waited_s(job: Job) -> int | None:
    """Seconds that a job waited for its starts: from its creation, and from each interruption, to the next training.

    None for a job that never trained, or where the end of an interval is not known.
    """
    if not job.intervals or any(before.end is None for before in job.intervals[:-1]):
        return None
    begins = (job.created_at, *(before.end for before in job.intervals[:-1] if before.end is not None))
    waits = (after.start - begin for begin, after in zip(begins, job.intervals, strict=True))
    return round(sum(max(wait.total_seconds(), 0) for wait in waits))


def on_other_instances(facts: Facts) -> bool:
    """Whether the attempt has another type or number of instances than the lineage's first one."""
    root = facts.lineage.entry(Started, facts.lineage.id.root)
    job = facts.job
    return root is not None and (root.instance_type, root.instance_count) != (job.instance_type, job.instance_count)


def _credited(facts: Facts, usage: Usage) -> Credited:
    """The useful training of the job by itself: 0 for a job without a model, until a later attempt continues from it."""
    useful_s, basis = useful_seconds(facts.job, usage, (*_scans_of(facts, facts.job.name), *checkpoint_scanned(facts)))
    return Credited(job=facts.job.name, at=facts.job.ended_at or facts.now, team=facts.job.team, useful_s=useful_s, basis=basis)


def _resumed_from(facts: Facts) -> Decision:
    """Credit every earlier attempt on the same checkpoint prefix, once this attempt went beyond its checkpoints.

    An attempt in between that never launched changes nothing. An attempt that failed before it saved anything proves nothing.
    """
    job, lineage = facts.job, facts.lineage
    if job.checkpoint_uri is None or not went_beyond(job, facts.proven_training_s):
        return Decision()
    before = (e for e in lineage.entries if isinstance(e, Started) and e.number < facts.number)
    found = (_credit_of(lineage.entry(Measured, e.job), facts) for e in before if e.checkpoint_uri == job.checkpoint_uri)
    return Decision(entries=tuple(credit for credit in found if credit is not None))


def _resumed_later(facts: Facts, measured: Measured) -> tuple[Credited, ...]:
    """The credit of this attempt, if its usage appears only after a later attempt went beyond its checkpoints.

    The later attempt cannot give it, because it may have ended by then, and is not looked at again.
    """
    uri, lineage = facts.job.checkpoint_uri, facts.lineage
    after = [e.job for e in lineage.entries if isinstance(e, Started) and e.number > facts.number and e.checkpoint_uri == uri]
    over = {e.job for e in lineage.entries if isinstance(e, Ended) and e.outcome is Outcome.COMPLETED}
    wrote = {e.job for e in lineage.entries if isinstance(e, CheckpointScanned) and e.proven_s > 0 and e.problem is None}
    credit = _credit_of(measured, facts) if uri is not None and (over | wrote).intersection(after) else None
    return (credit,) if credit is not None else ()


def _credit_of(measured: Measured | None, facts: Facts) -> Credited | None:
    """The useful training of an attempt without a model, by the scan at its end; None while that is unknown."""
    if measured is None:
        return None
    last = facts.lineage.entry(Ended, measured.job)
    seen = next((s for s in _scans_of(facts, measured.job) if s.occasion == ENDED), None)
    if last is None or seen is None or last.outcome is Outcome.COMPLETED or seen.kept_s is None:
        return None
    useful_s, basis = resumed_seconds(seen.kept_s, measured.training_s, exact=seen.exact)
    return Credited(job=measured.job, at=measured.at, team=measured.team, useful_s=useful_s, basis=basis)


def _scans_of(facts: Facts, job: str) -> tuple[CheckpointScanned, ...]:
    return tuple(e for e in facts.lineage.entries if isinstance(e, CheckpointScanned) and e.job == job)
