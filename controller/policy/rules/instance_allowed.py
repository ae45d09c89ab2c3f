"""``instance-allowed``: jobs use only the instance types that the platform team allows."""

from __future__ import annotations

from fnmatch import fnmatchcase

from controller.jobs.job import Job
from controller.policy.findings import NO_DEMAND, Demand
from controller.policy.rules.kind import Evidence, RuleKind, Violation
from controller.units.value import dataclass

SERVERLESS = "ServerlessJobConfig"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    instance_types: tuple[str, ...]  # globs: ml.g5.*


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    """All groups of a heterogeneous cluster are judged, and all types of InstancePreferences until SageMaker has chosen one.
    A serverless job has no instances of its own and is not judged.
    """
    if SERVERLESS in job.excludes_spot:
        return None
    several, field = _several(job)
    found = [kind for kind in several or (job.instance_type,) if not _allowed(kind, options)]
    if not found:
        return None
    return Violation(
        field=f"ResourceConfig.{field}",
        found=", ".join(found),
        wanted=f"one of {', '.join(options.instance_types)}",
        demand=NO_DEMAND if several else Demand(instance_types=options.instance_types),
    )


def _several(job: Job) -> tuple[tuple[str, ...], str]:
    """The instance types of a job that names several (else empty), and the member of ResourceConfig that names them."""
    if job.groups:
        return job.groups, "InstanceGroups"
    if "instance_type" in job.unknown and job.choices:
        return tuple(dict.fromkeys(kind for kind, _ in job.choices)), "InstancePreferences"
    return (), "InstanceType"


def _allowed(kind: str, options: Options) -> bool:
    return any(fnmatchcase(kind, pattern) for pattern in options.instance_types)


INSTANCE_ALLOWED = RuleKind(id="instance-allowed", needs=frozenset({"instance_type"}), options=Options, judge=judge)
