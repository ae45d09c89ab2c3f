"""What several kinds of messages show: facts about a job, its checkpoints, its costs, and a spend cap."""

from __future__ import annotations

from datetime import datetime

from controller.jobs.job import Job, Outcome
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What messages show of a job; ``outcome`` is None until it ends. Messages of older versions have no ``user``."""

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
    """What was last seen below a checkpoint prefix. ``scanned`` is False if it could not be read, or was not scanned.

    ``newest_at`` is the time of the newest checkpoint, ``at_risk_s`` the training seconds since then. ``objects`` and
    ``bytes_seen`` are those that were listed; ``complete`` is False if there are more.
    """

    uri: str
    scanned: bool = False
    newest_at: datetime | None = None
    at_risk_s: int = 0
    objects: int = 0
    bytes_seen: int = 0
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CapFacts:
    """A spend cap that has no room: the cap, what counts against it already, and what the next attempt costs at most.

    All in millionths of a dollar; ``next_micros`` is None where no price is known.
    """

    cap_micros: int
    spent_micros: int = 0
    next_micros: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostFacts:
    """What a job's lineage cost so far, and what the job costs at most, in millionths of a dollar.

    ``spent_micros`` is the cost of ``measured`` attempts; for ``unknown`` attempts the usage or the price is not known yet.
    Attempts that never started count in neither. ``hour_micros`` is the on-demand cost of one hour of the job's instances,
    ``most_micros`` that of the whole job; both are None after its end, and where no price is known.
    """

    spent_micros: int = 0
    measured: int = 0
    unknown: int = 0
    hour_micros: int | None = None
    most_micros: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfJob:
    """A message about one job. Messages of older versions have no ``cost``."""

    job: JobFacts
    cost: CostFacts | None = None
