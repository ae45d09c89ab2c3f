"""Decides whether a job belongs to another service. A job that only claims an owner is judged like any other.

The claimed owner (only SageMaker Pipelines can be asked) is asked until its answer is final, and that answer is recorded. A
pipeline lists the job of a step some minutes after its creation, so until then a "no" is not final. An owner that does not answer
is asked again, for an hour at most.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from controller.jobs.job import Job, Service, claims_an_owner
from controller.ledger.directives_in_force import readings
from controller.ledger.entry import OwnerChecked
from controller.ledger.lineage import Lineage
from controller.units.value import dataclass, replace

STEP_LAG = timedelta(minutes=10)  # longer than a pipeline's list of steps was seen to lag
UNANSWERED_MAX = timedelta(hours=1)
ASKED_EVERY = timedelta(minutes=5)


class OwnerAnswer(StrEnum):
    """The answer of the owner that a job claims."""

    YES = "yes"
    NO = "no"
    SILENT = "silent"  # no answer, or no permission to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A job whose owner is settled as far as it can be now.

    ``checked`` is an answer to record. While ``undecided`` the job is treated as owned: it is observed and recorded, and nothing
    else.
    """

    job: Job
    undecided: bool = False
    checked: OwnerChecked | None = None


def as_claimed_first(job: Job, lineage: Lineage) -> Job:
    """The job with the owner that it claimed when its tags were first read.

    Later tags do not count, because whoever may call AddTags could add a claim, so that the job is not submitted again, or
    remove one, so that two services submit it.
    """
    first = next((read for read in readings(lineage) if read.number == 0), None)
    if first is None or first.claimed is None or job.service is not None or first.claimed == (job.claimed or ""):
        return job
    claimed = Service(first.claimed) if first.claimed else None
    why = claims_an_owner(claimed) if claimed is not None else job.unrepeatable_unclaimed
    return replace(job, claimed=claimed, unrepeatable=why)


def to_ask(job: Job, lineage: Lineage, *, trust: bool) -> str | None:
    """The ARN of the pipeline execution to ask whether it created the job; None if nothing has to be asked.

    With ``trust``, the policy believes every claim.
    """
    if trust or job.service is not None or job.claimed is not Service.PIPELINES:
        return None
    return None if lineage.entry(OwnerChecked, job.name) else job.pipeline_execution


def settle_owner(job: Job, lineage: Lineage, *, trust: bool, answer: OwnerAnswer | None, now: datetime) -> Owner:
    """The job with its owner. ``answer`` is None where the owner was not asked; ``trust`` believes every claim."""
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
    """When an undecided owner is asked again. It counts from the job's creation, so that each decision gives the same time."""
    return job.created_at + ASKED_EVERY * ((now - job.created_at) // ASKED_EVERY + 1)


def _owned(job: Job) -> Job:
    return replace(job, service=job.claimed, claimed=None)


def _checked(job: Job, now: datetime, *, owned: bool) -> OwnerChecked:
    service = job.claimed or Service.PIPELINES
    return OwnerChecked(job=job.name, at=now, team=job.team, service=service, owned=owned)
