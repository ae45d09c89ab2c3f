"""A hyperparameter tuning job, by the training jobs that it starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller.jobs.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningJob:
    """A tuning job as SageMaker describes it now.

    ``definitions`` are its definitions, by name, as the jobs that it starts; ``unread`` says of each other one why it is none.
    """

    arn: str
    name: str
    created_at: datetime
    alive: bool
    definitions: tuple[tuple[str, Job], ...]
    unread: tuple[str, ...] = ()


class UnreadDefinitions(ValueError):
    """Definitions of a tuning job cannot be read as training jobs; the message says why."""
