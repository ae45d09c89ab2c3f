"""Notes what a job shows of itself: that it started, was interrupted, and ended."""

from controller.decision import Decision
from controller.entry import Ended, Interrupted, Started
from controller.facts import Facts


def observe(facts: Facts) -> Decision:
    """Write down the job's start, every interruption and its ending; hold its checkpoint prefix while it lives."""
    job = facts.job
    started = Started(
        job=job.name, at=job.created_at, team=job.team, number=facts.number, spot=job.spot,
        instance_type=job.instance_type, instance_count=job.instance_count, region=job.region, service=job.service,
        checkpoint_uri=job.checkpoint_uri,
    )  # fmt: skip
    interrupted = tuple(
        Interrupted(job=job.name, at=at, team=job.team, instance_type=job.instance_type, region=job.region)
        for at in job.interrupted_at
    )
    claim = (facts.claim,) if facts.claim else ()
    if job.ending is None:
        return Decision(entries=(started, *interrupted), claims=claim)
    ended = Ended(
        job=job.name, at=job.ended_at or facts.now, team=job.team, ending=job.ending, seen_at=facts.now,
        failure=job.failure, spot=job.spot, instance_type=job.instance_type, region=job.region,
    )  # fmt: skip
    return Decision(entries=(started, *interrupted, ended), released=claim)
