"""``prefix-shared``: no other prefix begins with the text of a checkpoint prefix that has no slash at its end.

S3 compares text: objects below ``s3://acme/bert-10/`` also begin with ``s3://acme/bert-1``. So SageMaker may copy the checkpoints
of another job into this one. This rule needs no policy and is always in mode warn. For two jobs on the same prefix, see
``checkpoint_exclusive.py``.
"""

from __future__ import annotations

from controller.jobs.claim import claim_of, others_than
from controller.jobs.job import Job
from controller.policy.findings import NO_DEMAND, Finding
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, Severity
from controller.policy.rules.kind import Evidence

PREFIX_SHARED = "prefix-shared"
BESIDE = "another prefix that begins with the same text"
"""A prefix that a scan of S3 found is not named: anybody who creates jobs could guess the names in a bucket, letter by letter."""


def prefix_shared(job: Job, evidence: Evidence, channel: str) -> Finding | None:
    """The finding about a job's checkpoint prefix if another prefix begins with its text; None if none was seen."""
    uri = job.checkpoint_uri
    if uri is None or uri.endswith("/") or not job.alive:
        return None
    scan = evidence.checkpoint_scan
    beside = _claimed_beside(job, uri, evidence) or (BESIDE if scan is not None and scan.uri == uri and scan.sibling else "")
    if not beside:
        return None
    return Finding(
        rule=PREFIX_SHARED, policy=PREFIX_SHARED, severity=Severity.MEDIUM, mode=Mode.WARN, field="CheckpointConfig.S3Uri",
        found=f"{uri}, beside {beside}", wanted=f"{uri}/, with a slash at the end", demand=NO_DEMAND, action=None,
        applies_to=AppliesTo.NEW, channel=channel, risk="Objects beside it may be restored as checkpoints of this job.",
    )  # fmt: skip


def _claimed_beside(job: Job, uri: str, evidence: Evidence) -> str:
    """The prefix of another live job that begins with this text and is not below it; empty without one."""
    claims = evidence.claims or ()
    lineage = next((claim.lineage for claim in claims if claim.job == job.name), job.name)
    mine = claim_of(uri, job=job.name, lineage=lineage, created_at=job.created_at)
    others = (c for c in others_than(mine, claims) if c.bucket == mine.bucket and mine.prefix)
    beside = (c.uri for c in others if c.prefix.startswith(mine.prefix) and not (c.equals(mine) or mine.above(c)))
    return min(beside, default="")
