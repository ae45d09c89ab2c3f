"""A hyperparameter tuning job, with the training jobs that it starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller.jobs.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningJob:
    """A tuning job as SageMaker describes it now.

    ``definitions`` are the names of its training job definitions, each with a Job like those that it starts. ``unread`` has, for
    each definition that cannot be read, why.
    """

    arn: str
    name: str
    created_at: datetime
    alive: bool
    definitions: tuple[tuple[str, Job], ...]
    unread: tuple[str, ...] = ()


class UnreadDefinitions(ValueError):
    """Definitions of a tuning job cannot be read as training jobs; the message says why."""
