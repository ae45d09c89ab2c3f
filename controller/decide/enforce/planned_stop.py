"""What the findings about a job ask for: a stop, or a stop and the same job with the repair.

The controller and the backtest of policies use the same functions.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.jobs.job import Job
from controller.jobs.request import change_to_json
from controller.ledger.intent import Purpose, Stop
from controller.ledger.move_cause import MoveCause
from controller.policy.findings import Finding
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, Policy, RuleAction
from controller.policy.repair import Breaks, NotRepairable, repaired_request


def may_act(finding: Finding, *, first: bool, owned: bool, new: bool) -> bool:
    """Whether a finding stops its job. An attempt that the controller submitted is never stopped by a rule, only judged.

    ``first``: the job is the first attempt. ``owned``: another service waits for it. ``new``: it was created after the policy
    revision took force.
    """
    return (
        finding.mode is Mode.ENFORCE
        and finding.action is not None
        and first
        and not owned
        and (new or finding.applies_to is AppliesTo.RUNNING)
    )


def planned_stop(job: Job, offences: Sequence[Finding], policy: Policy, breaks: Breaks) -> Stop | NotRepairable | None:
    """The Stop that these findings ask for: with a repair if all of them ask for one, else without a next attempt.

    None without findings, NotRepairable where the repair is not possible. ``breaks`` returns the findings about a job that no
    waiver covers; it judges the repaired job.
    """
    if not offences:
        return None
    because = ", ".join(f.policy for f in offences)
    if any(f.action is RuleAction.STOP for f in offences):
        return Stop(about=job.name, because=because)
    changes = NotRepairable(why=job.unrepeatable) if job.unrepeatable else repaired_request(job, offences, policy, breaks)
    if isinstance(changes, NotRepairable):
        return changes
    return Stop(
        about=job.name, because=because, purpose=Purpose.REPAIR, next_cause=MoveCause.REPAIR, changes=change_to_json(changes)
    )
