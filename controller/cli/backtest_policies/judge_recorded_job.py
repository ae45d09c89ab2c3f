"""What a policy would have done to one recorded job, computed by the code that judges jobs on Lambda."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from controller.cli.check.judging import as_seen
from controller.decide.enforce.planned_stop import may_act, planned_stop
from controller.decide.resubmit.retries import retry_wait
from controller.jobs.job import Job
from controller.jobs.request import change_from_json
from controller.ledger.intent import Purpose, Stop
from controller.ledger.lineage import ATTEMPT_TAG
from controller.ledger.lineage_id import LineageId
from controller.policy.findings import Finding
from controller.policy.judge import Basis, all_findings, standing_findings
from controller.policy.mode import Mode
from controller.policy.policy import Policy
from controller.policy.repair import NotRepairable
from controller.policy.rollout import HeldBack
from controller.policy.rules.kind import Evidence
from controller.units.value import replace

FAR = datetime(9999, 1, 1, tzinfo=UTC)  # later than every enforce_from
RESUBMIT = "resubmit"  # stands for the rule kind in the row of a resubmit block


class Act(StrEnum):
    """What happens to a job, from the mildest to the most severe."""

    NOTHING = "nothing"
    FLAGGED = "flagged"  # recorded
    WARNED = "warned"  # recorded, and its owner is notified
    NOT_REPAIRED = "not repairable"  # its owner is notified too
    REPAIRED = "repaired"  # stopped, and submitted again with the repair
    STOPPED = "stopped"


ORDER: Mapping[Act, int] = {act: number for number, act in enumerate(Act)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAct:
    """What one rule, or one resubmit block, does to a job."""

    rule: str
    kind: str
    act: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a policy does to a job. ``act``: the most severe act of its rules. ``undecided``: the rules that lack evidence.

    ``to_spot``: a repair moves it to spot. ``saves``: a repair gives it checkpoints. ``backoff_s``: the wait before its first
    further attempt, None if it is not submitted again. ``resubmit``: the block that asks for that attempt.
    """

    team: str
    act: Act = Act.NOTHING
    rules: tuple[RuleAct, ...] = ()
    undecided: tuple[str, ...] = ()
    to_spot: bool = False
    saves: bool = False
    backoff_s: int | None = None
    resubmit: str = ""


def judged_job(recorded: Job, created: Job, policy: Policy) -> Judged:
    """Judge a recorded job as if it had just been created under the policy. ``created``: ``when_created(recorded)``.

    A history does not contain what was in S3 or which jobs ran at the same time: a rule that needs this is undecided.
    """
    job = as_seen(created, policy)
    findings, undecided = all_findings(job, Basis(policy, Evidence(), now=created.created_at))
    findings = tuple(_in_share(finding, recorded) for finding in findings)
    owned, first = job.service is not None, _number(job) == 1
    offences = [f for f in findings if may_act(f, first=first, owned=owned, new=True)]
    plan = planned_stop(
        job, offences, policy, lambda one: standing_findings(one, Basis(policy, Evidence(), now=created.created_at))
    )
    changes = change_from_json(plan.changes) if isinstance(plan, Stop) and plan.changes else {}
    acting = {f.policy for f in offences}
    rules = tuple(
        RuleAct(rule=f.policy, kind=f.rule, act=_act_of(f, plan, acts=f.policy in acting, owned=owned)) for f in findings
    )
    backoff_s, name = _resubmitted(recorded, policy, first=first, owned=owned)
    return Judged(
        team=job.team or "",
        act=max([one.act for one in rules], key=ORDER.__getitem__) if rules else Act.NOTHING,
        rules=rules if backoff_s is None else (*rules, RuleAct(rule=name, kind=RESUBMIT, act=Act.NOTHING)),
        undecided=undecided,
        to_spot=not job.spot and changes.get("EnableManagedSpotTraining") is True,
        saves=job.spot and job.checkpoint_uri is None and "CheckpointConfig" in changes,
        backoff_s=backoff_s,
        resubmit=name,
    )


def _in_share(finding: Finding, recorded: Job) -> Finding:
    """The finding, as a warning if its rule is enforced for a share of lineages that does not include this one."""
    if finding.mode is not Mode.ENFORCE or finding.rollout.share >= 1:
        return finding
    outside = finding.rollout.held_back(str(LineageId.of(recorded)), FAR) is HeldBack.SHARE
    return replace(finding, mode=Mode.WARN) if outside else finding


def when_created(job: Job) -> Job:
    """The job as SageMaker described it just after its creation, because a rule may depend on the status."""
    return replace(
        job, status="InProgress", secondary="Starting", outcome=None, usage=None, interrupted_at=(), started_at=None,
        intervals=(), stopping_at=None, ended_at=None, failure=None, model_artifacts=None,
    )  # fmt: skip


def _act_of(finding: Finding, plan: Stop | NotRepairable | None, *, acts: bool, owned: bool) -> Act:
    if acts:
        match plan:
            case Stop(purpose=Purpose.REPAIR):
                return Act.REPAIRED
            case Stop():
                return Act.STOPPED
            case NotRepairable():
                return Act.NOT_REPAIRED
    return Act.WARNED if finding.mode.tells and not owned else Act.FLAGGED


def _number(job: Job) -> int:
    """The number of the attempt, from its tag, because there is no ledger."""
    said = job.tags.get(ATTEMPT_TAG, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 4 else 1


def _resubmitted(job: Job, policy: Policy, *, first: bool, owned: bool) -> tuple[int | None, str]:
    """The wait in seconds before the first further attempt, and its resubmit block; None and "" if there is no such attempt."""
    if not policy.resubmissions or job.cause is None:
        return None, ""
    job = as_seen(job, policy)
    block = policy.resubmission_for(job)
    if block is None or block.mode is not Mode.ENFORCE or not first or owned or job.cause is None or job.unrepeatable:
        return None, ""
    budget, _ = block.budget_of(job.cause)
    if budget is None or budget.limit < 1 or not budget.counts(job.cause, job.failure):
        return None, ""
    return int(retry_wait(budget, tried=0).total_seconds()), block.name
