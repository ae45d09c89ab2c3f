"""``team-contradicted``: a job's team tag says what its role does. No policy names this rule; ``labels.team_of_role`` asks it.

It is always in mode warn: the team of the role counts, whatever the tag says, and every other rule goes on judging the job.
"""

from __future__ import annotations

from controller.jobs.job import Job
from controller.policy.findings import NO_DEMAND, Finding
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, Severity

TEAM_CONTRADICTED = "team-contradicted"


def team_contradicted(job: Job, tag: str, channel: str) -> Finding | None:
    """The finding about a team tag that the job's role contradicts; None where it does not."""
    if job.claimed_team is None:
        return None
    return Finding(
        rule=TEAM_CONTRADICTED, policy=TEAM_CONTRADICTED, severity=Severity.MEDIUM, mode=Mode.WARN, field="Tags",
        found=f"{tag}={job.claimed_team}",
        wanted=f"{job.team}, the team of {job.role}" if job.team else f"another team: {job.role} is none of its roles",
        demand=NO_DEMAND, action=None,
        applies_to=AppliesTo.RUNNING, channel=channel, risk="The tag has no effect on whose money the job spends.",
    )  # fmt: skip
