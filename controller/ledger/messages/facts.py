"""What several kinds of messages show: facts of a job, of its checkpoints, of a spend cap."""

from __future__ import annotations

from datetime import datetime

from controller.jobs.job import Job, Outcome
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What messages show of a job; ``outcome`` is None while it lives. Messages of before have no ``user``."""

    name: str
    instance_type: str
    instances: int
    spot: bool
    team: str | None = None
    user: str | None = None
    outcome: Outcome | None = None

    @classmethod
    def of(cls, job: Job) -> JobFacts:
        return cls(
            name=job.name, instance_type=job.instance_type, instances=job.instance_count, spot=job.spot, team=job.team,
            user=job.user, outcome=job.outcome,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointFacts:
    """What was last seen below a checkpoint prefix. ``scanned`` is False where it could not be read, or nobody looked."""

    uri: str
    scanned: bool = False
    newest_at: datetime | None = None
    at_risk_s: int = 0
    objects: int = 0
    bytes_seen: int = 0
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CapFacts:
    """A spend cap, in micro-dollars, and what stands against it; ``next_micros`` is None where no price is known."""

    cap_micros: int
    spent_micros: int = 0
    next_micros: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostFacts:
    """What a job's lineage cost so far, and what the job may still cost at most, in micro-dollars.

    ``spent_micros`` covers the ``measured`` attempts; of ``unknown`` ones the usage or the price is not known yet. The others
    never started. ``hour_micros`` is what an hour of the job's instances costs on-demand, ``most_micros`` the whole job: None
    where no price is known.
    """

    spent_micros: int = 0
    measured: int = 0
    unknown: int = 0
    hour_micros: int | None = None
    most_micros: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfJob:
    """What most messages are about. Messages of before say no ``cost``."""

    job: JobFacts
    cost: CostFacts | None = None
