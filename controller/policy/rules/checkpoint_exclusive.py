"""``checkpoint-exclusive``: no two live jobs share a checkpoint prefix, because deletions in one are mirrored into S3."""

from __future__ import annotations

from dataclasses import dataclass

from controller.jobs.claim import claim_of, overlapping
from controller.jobs.job import Job
from controller.policy.findings import Demand
from controller.policy.rules.kind import Evidence, RuleKind, Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    pass


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    """Of two overlapping jobs the one that was created later offends; of two of the same moment, the later name."""
    if not job.alive or job.checkpoint_uri is None:
        return None
    claims = evidence.claims or ()
    lineage = next((claim.lineage for claim in claims if claim.job == job.name), job.name)
    mine = claim_of(job.checkpoint_uri, job=job.name, lineage=lineage, created_at=job.created_at)
    earlier = [c for c in overlapping(mine, claims) if (c.created_at, c.job) < (job.created_at, job.name)]
    if not earlier:
        return None
    first = min(earlier, key=lambda c: (c.created_at, c.job))
    return Violation(
        field="CheckpointConfig.S3Uri",
        found=job.checkpoint_uri,
        wanted=f"a prefix that no other job uses; {first.job} writes to {first.uri}",
        demand=Demand(checkpoint=True, checkpoint_apart_from=tuple(c for c in claims if c.lineage != lineage)),
    )


CHECKPOINT_EXCLUSIVE = RuleKind(
    id="checkpoint-exclusive", needs=frozenset({"checkpoint_uri", "created_at", "claims"}), options=Options, judge=judge
)
