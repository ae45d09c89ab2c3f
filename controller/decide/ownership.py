"""Decides whether a job belongs to another service: what only claims an owner is judged like any other job.

The owner is asked once, and the answer is written down. A pipeline shows a step's job some minutes after it was created, so
until then its "no" is not final; an owner that does not answer is asked again, for an hour at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from controller.jobs.job import Job, Service
from controller.ledger.entry import OwnerChecked
from controller.ledger.lineage import Lineage

STEP_LAG = timedelta(minutes=10)  # of a pipeline's list of steps, and more than its lists were seen to be behind
UNANSWERED_MAX = timedelta(hours=1)
ASKED_EVERY = timedelta(minutes=5)


class OwnerAnswer(StrEnum):
    """What the owner that a job claims says of it."""

    YES = "yes"
    NO = "no"
    SILENT = "silent"  # it did not answer, or our role may not ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A job with its owner settled as far as it can be now.

    ``checked`` is an answer to write down. While ``undecided`` the job is treated as owned: observed and recorded.
    """

    job: Job
    undecided: bool = False
    checked: OwnerChecked | None = None


def to_ask(job: Job, lineage: Lineage, *, trust: bool) -> str | None:
    """The pipeline execution that has to be asked whether it made the job; None where there is nothing to ask."""
    if trust or job.service is not None or job.claimed is not Service.PIPELINES:
        return None
    return None if lineage.entry(OwnerChecked, job.name) else job.pipeline_execution


def settle_owner(job: Job, lineage: Lineage, *, trust: bool, answer: OwnerAnswer | None, now: datetime) -> Owner:
    """Say whose the job is. ``answer`` is the owner's, None where it was not asked; ``trust`` believes every claim."""
    if job.service is not None or job.claimed is None:
        return Owner(job=job)
    checked = lineage.entry(OwnerChecked, job.name)
    if trust or (checked is not None and checked.owned):
        return Owner(job=_owned(job))
    if answer is None or checked is not None:
        return Owner(job=job)
    age = now - job.created_at
    if answer is OwnerAnswer.YES:
        return Owner(job=_owned(job), checked=_checked(job, now, owned=True))
    if age < (STEP_LAG if answer is OwnerAnswer.NO else UNANSWERED_MAX):
        return Owner(job=job, undecided=True)
    return Owner(job=job, checked=_checked(job, now, owned=False))


def ask_again_at(job: Job, now: datetime) -> datetime:
    """When an undecided owner is asked again: counted from the job's own time, so that everybody says the same."""
    return job.created_at + ASKED_EVERY * ((now - job.created_at) // ASKED_EVERY + 1)


def _owned(job: Job) -> Job:
    return replace(job, service=job.claimed, claimed=None)


def _checked(job: Job, now: datetime, *, owned: bool) -> OwnerChecked:
    service = job.claimed or Service.PIPELINES
    return OwnerChecked(job=job.name, at=now, team=job.team, service=service, owned=owned)
