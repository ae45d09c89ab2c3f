"""Looks at the world: the job as SageMaker describes it now, its lineage, its policy, its price, the claims beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from controller.entry import Started
from controller.facts import Facts
from controller.intent import Wake
from controller.job import Job
from controller.lineage import Lineage, LineageId
from controller.shell.ports import Ports

LINEAGE_TAG = "spotwarden:lineage"


def gather(job: Job, ports: Ports) -> Facts:
    """Load everything a decision about this job may look at; four reads for a job at rest."""
    now = ports.clock.now()
    lineage, number = lineage_of(job, ports)
    facts = Facts(
        now=now,
        job=job,
        number=number,
        lineage=lineage,
        policy=ports.policies.current(),
        rate=ports.prices.rate(job.instance_type, job.region, job.ended_at or now),
        claims=None,
    )
    if facts.claim is None or not job.alive or _at_rest(lineage, job, now):
        return facts
    return replace(facts, claims=ports.ledger.claims(facts.claim.bucket))


def lineage_of(job: Job, ports: Ports) -> tuple[Lineage, int]:
    """Find the lineage that a job belongs to, and its number there.

    The tag is a hint, since anybody can set or clone one: only a lineage that holds the job's Submit is believed. Every other
    job is the root of its own.
    """
    hint = LineageId.parse(job.tags.get(LINEAGE_TAG, ""))
    own = LineageId.of(job)
    if hint is not None and hint != own and (hint.account, hint.region) == (job.account, job.region):
        lineage = ports.ledger.load(hint)
        number = lineage.number_of(job)
        if number is not None:
            return lineage, number
    return ports.ledger.load(own), 1


def _at_rest(lineage: Lineage, job: Job, now: datetime) -> bool:
    """Whether the job was seen before and nothing about it is open or overdue but a Wake to come."""
    if lineage.entry(Started, job.name) is None:
        return False
    return all(isinstance(i.action, Wake) and i.ring_at > now for i in lineage.open_intents(job.name))
