"""The repair of a request that breaks rules: the job's fix, with values from the policy only, or why there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from controller.jobs.changes import Changes
from controller.jobs.checkpoint import within
from controller.jobs.job import Job
from controller.jobs.request import RequestChange
from controller.policy.findings import NO_DEMAND, Demand, Finding
from controller.policy.fix import Values, combined_fix
from controller.policy.policy import Policy, Repair
from controller.units.value import dataclass

SAFE = re.compile(r"[A-Za-z0-9-]+")  # characters allowed in a filled template: anybody's tag may contain "../"
_PLACE = re.compile(r"\{([^{}]*)\}")
Breaks = Callable[[Job], Sequence[Finding]]
"""Returns the findings of a job that no waiver allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRepairable:
    """Why a repair is refused. The job is not changed.

    ``rules`` names the rules that forbid a request that a person asked for. ``for_now``: the same repair may be possible later.
    """

    why: str
    rules: str = ""
    for_now: bool = False


def repaired_request(job: Job, offences: Sequence[Finding], policy: Policy, breaks: Breaks) -> RequestChange | NotRepairable:
    """The change after which the job keeps the rules of ``offences`` and breaks no rule that it did not break before.

    Rules that the job breaks already, and that are not in ``offences``, may stay broken.
    """
    known = breaks(job)
    tolerated = {finding.policy for finding in known} - {finding.policy for finding in offences}
    for finding in offences:
        if finding.demand == NO_DEMAND:
            return NotRepairable(why=f"no change of the request satisfies the rule {finding.policy}")
    tags = {key: value for finding in offences for key, value in finding.repair.tags.items()}
    for finding in offences:
        missing = [key for key in finding.demand.tags if key not in finding.repair.tags]
        if missing:
            return NotRepairable(why=f"the rule {finding.policy} has no value for the tag {', '.join(missing)}")
    places, refused = checkpoint_places(job, [f.repair for f in offences], policy)

    def broken(changed: Job) -> Sequence[tuple[str, Demand]]:
        return [(f.policy, f.demand) for f in breaks(changed) if f.policy not in tolerated and f.demand != NO_DEMAND]

    fix = combined_fix(
        job,
        broken,
        Values(places=places, only_places=True, tags=tags, may_leave_spot=False),
    )
    if fix.why_not:
        unplaced = not places and refused and any(f.demand.checkpoint or f.demand.spot for f in offences)
        return NotRepairable(why=refused if unplaced else fix.why_not)
    if any(key not in tags for key in (tag["Key"] for tag in fix.request.get("Tags", ()))):
        return NotRepairable(why="a rule wants a tag for which the policy has no value")
    try:
        Changes.of(fix.request)
    except ValueError as problem:
        return NotRepairable(why=f"the controller may not make this change: {problem}")
    return fix.request


def checkpoint_places(job: Job, repairs: Sequence[Repair], policy: Policy) -> tuple[tuple[str, ...], str]:
    """The checkpoint prefixes from the policy's filled templates, those of ``repairs`` first; and why the first template that
    cannot be filled fails (empty if all can).
    """
    templates = [r for r in (*repairs, *(rule.repair for rule in policy.rules)) if r.checkpoint is not None]
    filled = [checkpoint_prefix(r.checkpoint or "", job, r) for r in templates]
    places = tuple(dict.fromkeys(place for place in filled if isinstance(place, str)))
    return places, next((place.why for place in filled if isinstance(place, NotRepairable)), "")


def checkpoint_prefix(template: str, job: Job, repair: Repair) -> str | NotRepairable:
    """Fill in a checkpoint template. Refused if a value is missing or does not match ``SAFE``. Refused also if the result is not
    below a prefix that the policy allows for the job's role.
    """
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
