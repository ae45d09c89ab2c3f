"""Decides which tags of a job count: the policy's labels, the tags that were read first, and what replaces missing ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from controller.decide.wakeups import TAGS_LATE
from controller.jobs.job import TEAM_TAG, USER_TAG, Job, team_by_role
from controller.ledger.directives_in_force import first_tags, readings
from controller.ledger.entry import Started
from controller.ledger.lineage import Lineage, owner_of, team_of
from controller.policy.policy import Policy
from controller.runtime.ports.answers import Unreachable
from controller.units.value import replace


def labelled(job: Job, policy: Policy) -> Job:
    """The job with the team and the user that the policy's labels give it."""
    return job.labelled(team=policy.labels.team, user=policy.labels.user).paid_by(policy.labels.team_of_role)


def as_of_lineage(job: Job, lineage: Lineage, number: int, policy: Policy) -> Job:
    """An attempt with the team and the user of its lineage: a person who can change its tags must not choose who pays.

    A team that the policy gives to the job's role comes first.
    """
    root = lineage.entry(Started, lineage.id.root)
    if number == 1 or root is None:
        return job
    team = team_by_role(job.role, policy.labels.team_of_role) or team_of(lineage) or job.team
    known = {TEAM_TAG: team, USER_TAG: root.user or job.user}
    others = {key: value for key, value in job.tags.items() if key not in known}
    tags = {**others, **{key: value for key, value in known.items() if value}}
    return job if tags == job.tags else replace(job, tags=tags)


def tagged_first(job: Job, shown: Mapping[str, str], lineage: Lineage, policy: Policy) -> Job | None:
    """The job with the tags that were read first; None where they are the same as ``shown``, or not known."""
    first = first_tags(lineage, job.name)
    if first is None or first == shown:
        return None
    return labelled(replace(job, tags=first, unknown=job.unknown - {"tags"}), policy)


def as_read_first(job: Job, lineage: Lineage) -> Job:
    """A job whose tags cannot be read now, with the tags that were read first in its lineage.

    The ledger keeps no tags of a job that another service owns: its team and user come from its Started. Raises Unreachable where
    tags were never read, because the job's entries contain its team and owner permanently.
    """
    first, started = next((read for read in readings(lineage) if read.number == 0), None), lineage.entry(Started, job.name)
    if first is None and (started is None or started.service is None):
        raise Unreachable(f"the tags of {job.name} were never read")
    known = {TEAM_TAG: (started.team if started else None) or team_of(lineage), USER_TAG: started.user if started else None}
    tags = (first_tags(lineage, first.job) if first else None) or {tag: value for tag, value in known.items() if value}
    service = job.service or (owner_of(lineage, started) if started is not None else None)
    return replace(job, tags=tags, service=service)


def without_tags(job: Job, lineage: Lineage, number: int, now: datetime) -> Job:
    """A job that shows no tags: they may be late (then they count as unknown), or were removed.

    An attempt has the team and the user of the attempt before it.
    """
    before = [e for e in lineage.entries if isinstance(e, Started) and e.number < number]
    last = max(before, key=lambda e: e.number, default=None)
    known = {TEAM_TAG: last.team, USER_TAG: last.user} if last else {}
    late = {"tags"} if now < job.created_at + TAGS_LATE else set()
    return replace(job, tags={tag: value for tag, value in known.items() if value}, unknown=job.unknown | late)
