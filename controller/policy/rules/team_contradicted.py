"""``team-contradicted``: the team tag of a job agrees with the team of its role in ``labels.team_of_role``. It needs no rule in
the policy.

It is always in mode warn. The team of the role counts, and the tag is ignored. All other rules still judge the job.
"""

from __future__ import annotations

from controller.jobs.job import Job
from controller.policy.findings import NO_DEMAND, Finding
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, Severity

TEAM_CONTRADICTED = "team-contradicted"


def team_contradicted(job: Job, tag: str, channel: str) -> Finding | None:
    """The finding about a team tag that the job's role contradicts; None without a contradiction. ``tag`` is the tag's key."""
    if job.claimed_team is None:
        return None
    return Finding(
        rule=TEAM_CONTRADICTED, policy=TEAM_CONTRADICTED, severity=Severity.MEDIUM, mode=Mode.WARN, field="Tags",
        found=f"{tag}={job.claimed_team}",
        wanted=f"{job.team}, the team of {job.role}" if job.team else f"another team: {job.role} is none of its roles",
        demand=NO_DEMAND, action=None,
        applies_to=AppliesTo.RUNNING, channel=channel, risk="The tag has no effect on whose money the job spends.",
    )  # fmt: skip
