"""``tag-invalid``: each tag ``spotwarden:…`` of a job has a valid value. This rule needs no policy.

It is always in mode warn. An invalid tag has no effect; all other rules still judge the job.
"""

from __future__ import annotations

from controller.jobs.directives import Directives
from controller.policy.findings import NO_DEMAND, Finding
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, Severity

TAG_INVALID = "tag-invalid"


def tag_invalid(directives: Directives, channel: str) -> Finding | None:
    """One finding about all tags of a job that have no effect; None if there are none."""
    problems = directives.problems
    if not problems:
        return None
    return Finding(
        rule=TAG_INVALID, policy=TAG_INVALID, severity=Severity.MEDIUM, mode=Mode.WARN,
        field="Tags", found="; ".join(f"{problem.tag}={problem.found}" for problem in problems),
        wanted="; ".join(f"{problem.tag}: {problem.wanted}" for problem in problems),
        demand=NO_DEMAND, action=None, applies_to=AppliesTo.RUNNING, channel=channel,
        risk="The tag has no effect.",
    )  # fmt: skip
