"""A page of the list of all training jobs, newest first, and how old a job can be that still changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.units.value import dataclass

CHANGES_FOR = timedelta(days=60)
"""How long after its creation a job can change: 28 days of MaxPendingTimeInSeconds, 30 days in which a TrainingJob "can run in
total", and two days. MaxWaitTimeInSeconds has no documented bound; a job that waits longer is known since its creation, and
watched by its Wake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedJob:
    """What a list says of a job."""

    name: str
    created_at: datetime
    modified_at: datetime
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """A page of the list; ``token`` asks for the next one, and is empty on the last. A page may be empty and have a next one."""

    jobs: tuple[ListedJob, ...]
    token: str
