"""``tags-required``: a job has all tags that the rule lists, such as its team and its project."""

from __future__ import annotations

from controller.jobs.job import Job
from controller.policy.findings import Demand
from controller.policy.rules.kind import Evidence, RuleKind, Violation
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    tags: tuple[str, ...]  # keys


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    """A tag with an empty value counts as missing."""
    missing = [key for key in options.tags if not job.tags.get(key)]
    if not missing:
        return None
    return Violation(
        field="Tags",
        found=", ".join(sorted(job.tags)) or "none",
        wanted=f"{', '.join(missing)} as well",
        demand=Demand(tags=tuple(missing)),
    )


TAGS_REQUIRED = RuleKind(id="tags-required", needs=frozenset({"tags"}), options=Options, judge=judge)
