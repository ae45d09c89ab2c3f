"""Records what the job's description shows: start, interruptions and outcome; and its checkpoints at those times."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.jobs.checkpoint import SAVED_WITHIN, at_risk_s
from controller.jobs.job import Job, Outcome
from controller.ledger.entry import CheckpointScanned, Ended, Interrupted, Repeated, Started
from controller.savings.progress import progress_of

FIRST_SCAN_AFTER = timedelta(minutes=30)  # of training: by then, most jobs with checkpoints have written one
ENDED = "ended"


def observe(facts: Facts) -> Decision:
    """Record the job's start, each interruption, each restart by SageMaker's RetryStrategy, and its outcome.

    The job's checkpoint prefix and quota are claimed until it ends, and released then.
    """
    job = facts.job
    started = Started(
        job=job.name, at=job.created_at, team=job.team, number=facts.number, spot=job.spot,
        instance_type=job.instance_type, instance_count=job.instance_count, region=job.region, service=job.service,
        checkpoint_uri=job.checkpoint_uri, runtime_s_max=job.runtime_s_max, wait_s_max=job.wait_s_max,
        user=job.user, claimed=job.claimed, role=job.role, identity=job.identity,
        volume_gb=job.volume_gb, subnets=tuple(sorted(job.subnets)),
    )  # fmt: skip
    interrupted = tuple(
        Interrupted(job=job.name, at=at, team=job.team, instance_type=job.instance_type, region=job.region)
        for at in job.interrupted_at
    )
    repeated = tuple(Repeated(job=job.name, at=at, team=job.team) for at in job.repeated_at)
    answered = (facts.owner_checked,) if facts.owner_checked else ()
    claims = (facts.claim,) if facts.claim else ()
    holds = (facts.quota_hold,) if facts.quota_hold else ()
    works = () if facts.owned else (facts.work,)
    if job.outcome is None:
        return Decision(
            entries=(started, *answered, *interrupted, *repeated, *checkpoint_scanned(facts)),
            claims=claims,
            holds=holds,
            works=works,
        )
    ended = Ended(
        job=job.name, at=job.ended_at or facts.now, team=job.team, outcome=job.outcome, seen_at=facts.now,
        failure=job.failure, spot=job.spot, instance_type=job.instance_type, region=job.region, ran_s=facts.ran_s,
    )  # fmt: skip
    return Decision(
        entries=(started, *answered, *interrupted, *repeated, ended, *checkpoint_scanned(facts)),
        released=claims,
        freed=holds,
        works=works,
    )


def scan_reason(facts: Facts) -> str | None:
    """Why to scan the checkpoint prefix now: first, interrupted/<time>, repeated/<time> or ended; None without a new reason."""
    job = facts.job
    if job.checkpoint_uri is None or not facts.newest or facts.owned:
        return None
    why = _occasion(job, facts)
    known = {e.occasion for e in facts.lineage.entries if isinstance(e, CheckpointScanned) and e.job == job.name}
    return why if why is not None and why not in known else None


def _occasion(job: Job, facts: Facts) -> str | None:
    if job.outcome is not None:
        return None if job.outcome is Outcome.COMPLETED else ENDED
    if broken := [(at, "interrupted") for at in job.interrupted_at] + [(at, "repeated") for at in job.repeated_at]:
        at, why = max(broken)
        return f"{why}/{at.isoformat()}" if facts.now >= settled_at(job, at) else None
    trained = sum(((i.end or facts.now) - i.start for i in job.intervals), timedelta())
    return "first" if trained >= FIRST_SCAN_AFTER else None


def settled_at(job: Job, at: datetime) -> datetime:
    """When the container that was interrupted at ``at`` can write no more: after its grace period, or when the next one trains.

    The earlier of the two counts.
    """
    return min((i.start for i in job.intervals if i.start > at), default=at + SAVED_WITHIN)


def checkpoint_scanned(facts: Facts) -> tuple[CheckpointScanned, ...]:
    """The entry for the current checkpoint scan, if there was a reason to scan (``scan_reason``)."""
    job, seen, why = facts.job, facts.checkpoint_scan, scan_reason(facts)
    if seen is None or why is None:
        return ()
    now_seen = CheckpointScanned(
        job=job.name, at=seen.scanned_at, team=job.team, occasion=why, uri=seen.uri, objects=seen.objects,
        bytes_seen=seen.bytes_seen, newest_at=seen.newest_at, complete=seen.complete,
        proven_s=facts.proven_training_s,
        at_risk_s=at_risk_s(seen, job.intervals, facts.now, job.ended_at), problem=seen.problem, others=seen.others,
    )  # fmt: skip
    if why != ENDED:
        return (now_seen,)
    before = (e for e in facts.lineage.entries if isinstance(e, CheckpointScanned) and e.job == job.name)
    kept = progress_of(job.intervals, (*before, now_seen), checkpoints=True, completed=False, ended_at=job.ended_at)
    return (replace(now_seen, kept_s=kept.kept_s, exact=kept.exact),)
