"""``instance-allowed``: jobs run on the instance types that the platform team gives out."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from controller.jobs.job import Job
from controller.policy.findings import Fix
from controller.policy.rules.kind import Evidence, RuleKind, Violation

_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    instance_types: tuple[str, ...]  # globs: ml.g5.*


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    if any(fnmatchcase(job.instance_type, pattern) for pattern in options.instance_types):
        return None
    allowed = _nearest(job.instance_type, options.instance_types)
    return Violation(
        field="ResourceConfig.InstanceType",
        found=job.instance_type,
        wanted=f"one of {', '.join(options.instance_types)}",
        fix=Fix(request={"ResourceConfig": {"InstanceType": allowed}}, sdk={"instance_type": allowed}),
    )


def _nearest(found: str, allowed: tuple[str, ...]) -> str:
    """A type to send instead: one that is allowed by name, else the size that was asked for in the first family that is."""
    named = next((pattern for pattern in allowed if not _GLOB.intersection(pattern)), None)
    size = found.rpartition(".")[2]
    return named or allowed[0].replace("*", size)


INSTANCE_ALLOWED = RuleKind(id="instance-allowed", needs=frozenset({"instance_type"}), options=Options, judge=judge)
