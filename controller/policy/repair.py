"""Repairs a request that breaks rules: the exact changes, or why there are none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.jobs.changes import Changes
from controller.jobs.job import Job
from controller.jobs.request import RequestChange, merged
from controller.policy.findings import Finding
from controller.policy.policy import Repair

SAFE = re.compile(r"[A-Za-z0-9-]+")  # what may stand in a path: tags are other people's text, and "../" is a prefix too
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRepairable:
    """Why a repair is refused; the job is left as it is."""

    why: str


def repaired_request(job: Job, findings: Sequence[Finding]) -> RequestChange | NotRepairable:
    """The changes that satisfy all of these findings at once."""
    parts = [_part(job, finding) for finding in findings]
    for part in parts:
        if isinstance(part, NotRepairable):
            return part
    whole = merged(*(part for part in parts if not isinstance(part, NotRepairable)))
    limits = _strictest(finding.fix.request.get("StoppingCondition", {}) for finding in findings)
    if limits.get("MaxWaitTimeInSeconds", limits.get("MaxRuntimeInSeconds", 0)) < limits.get("MaxRuntimeInSeconds", 0):
        return NotRepairable(why="the rules would set MaxWaitTimeInSeconds below MaxRuntimeInSeconds, which SageMaker refuses")
    changes = merged(whole, {"StoppingCondition": limits} if limits else {})
    try:
        Changes.of(changes)
    except ValueError as problem:
        return NotRepairable(why=f"the controller may not make this change: {problem}")
    return changes


def checkpoint_prefix(template: str, job: Job, repair: Repair) -> str | NotRepairable:
    """Fill a checkpoint template in: every value plain, the whole below a prefix that the policy allows for the job's role."""
    known: dict[str, str | None] = {"team": job.team, "family": job.family, "job": job.name}
    filled = template
    for place in _PLACE.findall(template):
        value = job.tags.get(place.removeprefix("tag:")) if place.startswith("tag:") else known.get(place)
        if not value or not SAFE.fullmatch(value):
            found = "nothing" if not value else repr(value)
            return NotRepairable(why=f"{{{place}}} in the checkpoint template is {found}, wanted letters, digits and hyphens")
        filled = filled.replace(f"{{{place}}}", value)
    allowed = repair.allowed_for(job.role)
    if not any(within(filled, prefix) for prefix in allowed):
        below = " or ".join(allowed) or "none"
        return NotRepairable(
            why=f"{filled} is outside the prefixes that the policy allows for {job.role or 'this role'}: {below}"
        )
    return filled


def _part(job: Job, finding: Finding) -> RequestChange | NotRepairable:
    """What one finding changes; the values that a rule cannot know come from the policy."""
    fix, repair = dict(finding.fix.request), finding.repair
    if "CheckpointConfig" in fix:
        if repair.checkpoint is None:
            return NotRepairable(why=f"the rule {finding.policy} has no checkpoint template")
        uri = checkpoint_prefix(repair.checkpoint, job, repair)
        if isinstance(uri, NotRepairable):
            return uri
        fix["CheckpointConfig"] = {"S3Uri": uri}
    if "Tags" in fix:
        missing = [tag["Key"] for tag in fix["Tags"] if tag["Key"] not in repair.tags]
        if missing:
            return NotRepairable(why=f"the rule {finding.policy} has no value for the tag {', '.join(missing)}")
        fix["Tags"] = [{"Key": tag["Key"], "Value": repair.tags[tag["Key"]]} for tag in fix["Tags"]]
    if not fix:
        return NotRepairable(why=f"no change of the request satisfies the rule {finding.policy}")
    return fix


def within(uri: str, prefix: str) -> bool:
    """Whether a prefix lies in a folder or is it: ``s3://acme/`` does not hold ``s3://acme-evil/``."""
    folder = prefix.rstrip("/")
    return uri.rstrip("/") == folder or uri.startswith(f"{folder}/")


def _strictest(limits: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    strictest: dict[str, int] = {}
    for limit in limits:
        for name, value in limit.items():
            strictest[name] = min(value, strictest.get(name, value))
    return strictest
