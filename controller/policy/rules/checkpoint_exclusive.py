"""``checkpoint-exclusive``: no two live jobs share a checkpoint prefix. SageMaker mirrors the deletions of one job into S3, so
the other job would lose its checkpoints.
"""

from __future__ import annotations

from controller.jobs.claim import Claim, claim_of, overlapping
from controller.jobs.job import Job
from controller.policy.findings import Demand
from controller.policy.rules.kind import Evidence, RuleKind, Violation
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    pass


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    """If two jobs use one prefix, the job that was created later breaks the rule. At the same moment, the order of names decides.

    The rule may stop it only if both jobs have the same role. Otherwise anybody could take a prefix first, to have the job of
    somebody else stopped. A job whose prefix contains the prefixes of others also breaks the rule, whichever was created
    first, and is never stopped for that.
    """
    if not job.alive or job.checkpoint_uri is None:
        return None
    claims = evidence.claims or ()
    lineage = next((claim.lineage for claim in claims if claim.job == job.name), job.name)
    mine = claim_of(job.checkpoint_uri, job=job.name, lineage=lineage, created_at=job.created_at, role=job.role)
    others = overlapping(mine, claims)
    earlier = [c for c in others if c.equals(mine) and (c.created_at, c.job) < (job.created_at, job.name)]
    apart = tuple(c for c in claims if c.lineage != lineage)
    if earlier:
        first = min(earlier, key=lambda c: (not c.shares_role(mine), c.created_at, c.job))
        shared = first.shares_role(mine)
        whose = "" if shared else f" under {first.role}"
        return _violation(
            job, apart, f"a prefix that no other job uses; {first.job} writes to {first.uri}{whose}", actionable=shared
        )
    below = sorted(c.job for c in others if mine.above(c))
    if not below:
        return None
    more = f" and {len(below) - 1} more" if len(below) > 1 else ""
    return _violation(job, apart, f"a prefix of its own; below this one writes {below[0]}{more}", actionable=False)


def _violation(job: Job, apart: tuple[Claim, ...], wanted: str, *, actionable: bool) -> Violation:
    return Violation(
        field="CheckpointConfig.S3Uri",
        found=job.checkpoint_uri or "",
        wanted=wanted,
        demand=Demand(checkpoint=True, checkpoint_apart_from=apart),
        actionable=actionable,
    )


CHECKPOINT_EXCLUSIVE = RuleKind(
    id="checkpoint-exclusive", needs=frozenset({"checkpoint_uri", "created_at", "claims"}), options=Options, judge=judge
)
