"""``checkpoint-exclusive``: no two live jobs share a checkpoint prefix, because deletions in one are mirrored into S3."""

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
    """Of two jobs on one prefix, the one that was created later breaks the rule; of two of the same moment, the one whose name is
    later in the alphabet.

    Only a job that shares the earlier one's role is stopped: whoever has another role could claim any prefix first. A job whose
    prefix is above those of others gets the finding itself, whichever came first, and is not stopped for it.
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
