"""The spot instances of one type: which jobs have them, which jobs wait, and which job loses them when the supply shrinks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Final

from infra.local.sagemaker.capacity import Capacity
from infra.local.sagemaker.job import TrainingJob
from infra.local.sagemaker.phase import Phase

INTERRUPTIBLE: Final = frozenset({Phase.LAUNCHING, Phase.DOWNLOADING, Phase.TRAINING})


@dataclass(slots=True, eq=False)
class Pool:
    """The jobs that have instances or wait for them, each with its number of instances, the oldest first.

    A job that uploads or stops keeps its instances until it ends.
    """

    capacity: Capacity
    holding: dict[TrainingJob, int] = field(default_factory=dict)
    waiting: dict[TrainingJob, int] = field(default_factory=dict)
    timer: int = 0

    def reclaim(self, now: datetime, rng: Random) -> Iterator[TrainingJob]:
        """Take instances from random jobs until the supply is enough for the others. Yields each job that lost its instances."""
        excess = sum(self.holding.values()) - self.capacity.at(now)
        if excess <= 0:
            return
        victims = [job for job in self.holding if job.phase in INTERRUPTIBLE]
        while excess > 0 and victims:
            victim = victims.pop(rng.randrange(len(victims)))
            excess -= self.holding.pop(victim)
            yield victim

    def allocate(self, now: datetime) -> Iterator[TrainingJob]:
        """Give free instances to the jobs that have waited longest, and yield these jobs. A job that needs too many instances
        does not block smaller ones.
        """
        if not self.waiting:
            return
        free = self.capacity.at(now) - sum(self.holding.values())
        for job, count in list(self.waiting.items()):
            if count <= free:
                free -= count
                self.holding[job] = self.waiting.pop(job)
                yield job

    def next_change(self, now: datetime) -> datetime | None:
        """Return when the supply changes next; None if it never does, or if the pool has no job."""
        return self.capacity.next_change(now) if self.holding or self.waiting else None
