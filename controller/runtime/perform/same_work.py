"""Finds another job that does the work of an attempt that is about to be created: in the ledger, and in SageMaker's own list.

The list shows a retry whose event has not arrived. It is read from its newest job back to the end of the attempt before, at most
three pages. Of the jobs that the ledger does not know, at most ten are described, those of the same family first.

Also checks, before a job is stopped because of another job's claim on its checkpoint prefix, whether that other job is alive.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from controller.decide.facts import Facts
from controller.jobs.claim import Claim, others_than
from controller.jobs.job import Job, Outcome
from controller.jobs.work import Work, family_of_work
from controller.ledger.attempt_name import may_be_ours
from controller.ledger.lineage_id import LineageId
from controller.policy.rules.checkpoint_exclusive import CHECKPOINT_EXCLUSIVE
from controller.runtime.ports.answers import PartUnread
from controller.runtime.ports.reading import ReadPorts

KNOWN_MAX = 5  # jobs of the ledger that are described
UNKNOWN_MAX = 10  # jobs of the list that are described
OVERDUE_MAX = timedelta(hours=1)  # how long a decision waits for answers about other jobs
PAGES_MAX = 3  # of 100 jobs each; a page may be empty


def done_elsewhere(facts: Facts, ports: ReadPorts) -> str:
    """The name of another job, under the same role, that does the same work; empty without one. Raises Unreachable.

    It is alive, or has completed since the end of this attempt. It was created after that end, or before it on the same
    checkpoint prefix: a person may start over while the attempt waits for capacity, and be done before it ends.
    """
    since, mine = facts.job.ended_at or facts.job.created_at, facts.work
    known = ports.ledger.works.begun_since(mine, since)
    later, beside = [work for work in known if mine.same_as(work)][-KNOWN_MAX:], _begun_beside(facts, since, ports)
    trained_until = max((i.end or since for i in facts.job.intervals), default=facts.job.created_at)
    for work, from_ in [*((work, since) for work in later), *((work, min(trained_until, since)) for work in beside)]:
        job = _described(work.job, ports, last_try=_overdue(facts))
        if job is not None and job.created_at == work.created_at and job.role == mine.role and _counts(job, from_):
            return job.name
    seen = {(work.job, work.created_at) for work in known}
    unknown = [name for name, created_at in _listed(since, facts, ports) if (name, created_at) not in seen and name != mine.job]
    for name in sorted(unknown, key=lambda name: family_of_work(name) != family_of_work(mine.root))[:UNKNOWN_MAX]:
        if may_be_ours(name) and ports.ledger.lineages.submitter(mine.account, mine.region, name) is not None:
            continue  # an attempt or a probe of ours: it is in the ledger before it is created
        job = _described(name, ports, last_try=_overdue(facts))
        if job is not None and job.created_at > since and _counts(job, since):
            own = LineageId.of(job)
            if mine.same_as(Work.of(job, root=own.root, lineage=str(own))):
                return job.name
    return ""


def without_stale(claims: tuple[Claim, ...], mine: Claim, facts: Facts, ports: ReadPorts) -> tuple[Claim, ...]:
    """The claims, without those that would stop this job although their own job is over: its end may not be recorded yet.

    A job that cannot be read raises an error while this job is younger than an hour; later it counts as over.
    """
    if not any(rule.kind == CHECKPOINT_EXCLUSIVE.id for rule in facts.policy.rules):
        return claims
    same = (c for c in others_than(mine, claims) if c.equals(mine) and c.shares_role(mine))
    stale: set[Claim] = set()
    for claim in islice((c for c in same if (c.created_at, c.job) < (mine.created_at, mine.job)), KNOWN_MAX):
        job = _described(claim.job, ports, last_try=facts.now - facts.job.created_at >= OVERDUE_MAX)
        if job is not None and job.alive:
            break  # one live job is enough to stop this one
        stale.add(claim)
    return tuple(claim for claim in claims if claim not in stale)


def _described(name: str, ports: ReadPorts, *, last_try: bool) -> Job | None:
    """Another job; None where it is gone, or where it cannot be read at the ``last_try``. Before, what it raises is raised.

    One job that cannot be read must not delay the others for longer than an hour.
    """
    try:
        return ports.jobs.describe(name)
    except PartUnread as unread:
        return unread.job  # its tags do not say what it works on
    except Exception:  # also where its description has another form, or a permission is missing
        if not last_try:
            raise
        return None


def _overdue(facts: Facts) -> bool:
    """Whether an intent has been due for so long that the decision waits no longer for answers about other jobs."""
    due_at = min((intent.due_at for intent in facts.lineage.open_intents()), default=facts.now)
    return facts.now - due_at >= OVERDUE_MAX


def _begun_beside(facts: Facts, end: datetime, ports: ReadPorts) -> list[Work]:
    """The works of jobs on the same checkpoint prefix that were created before this one's end; from the ledger.

    A job that has the name of an attempt is left out: it only takes that name, and the lineage goes on under another.
    """
    mine = facts.work
    if not mine.checkpoint_uri or facts.job.created_at >= end:
        return []
    known = ports.ledger.works.begun_since(mine, facts.job.created_at)
    beside = (work for work in known if work.created_at < end and mine.same_as(work) and mine.same_prefix(work))
    return [work for work in beside if not may_be_ours(work.job)][-KNOWN_MAX:]


def _counts(job: Job, since: datetime) -> bool:
    """Whether a job is alive and not stopping, or has completed since then."""
    done = job.outcome is Outcome.COMPLETED and (job.ended_at or since) >= since
    return job.status != "Stopping" and (job.alive or done)


def _listed(since: datetime, facts: Facts, ports: ReadPorts) -> Iterator[tuple[str, datetime]]:
    """Names and creation times of the jobs that were created since then, newest first, from SageMaker's list.

    Where the list cannot be read, raises what it raises for an hour; after that, only the jobs of the ledger are compared.
    """
    token = ""
    for _ in range(PAGES_MAX):
        try:
            page = ports.jobs.newest(token)
        except Exception:  # also where the list has another form, or a permission is missing
            if not _overdue(facts):
                raise
            return
        if page is None:
            return
        yield from ((job.name, job.created_at) for job in page.jobs if job.created_at > since)
        token = page.token
        if not token or any(job.created_at <= since for job in page.jobs):
            return
