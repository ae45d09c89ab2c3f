"""Judges a job by a policy: one small function per kind of rule.

A kind is found by its id in ``KINDS``; each says which fields of a job it needs, so that a document that cannot carry one of
them leaves the rule undecided instead of wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.jobs.directives import Directives, directives_of
from controller.jobs.job import Job
from controller.policy.findings import Finding, Verdict, VerdictKind
from controller.policy.mode import Mode
from controller.policy.policy import Policy, Rule
from controller.policy.rules.checkpoint_alive import CHECKPOINT_ALIVE
from controller.policy.rules.checkpoint_exclusive import CHECKPOINT_EXCLUSIVE
from controller.policy.rules.checkpoint_required import CHECKPOINT_REQUIRED
from controller.policy.rules.instance_allowed import INSTANCE_ALLOWED
from controller.policy.rules.kind import Evidence, RuleKind
from controller.policy.rules.max_runtime_limit import MAX_RUNTIME_LIMIT
from controller.policy.rules.max_wait_limit import MAX_WAIT_LIMIT
from controller.policy.rules.spot_required import SPOT_REQUIRED
from controller.policy.rules.tag_invalid import tag_invalid
from controller.policy.rules.tags_required import TAGS_REQUIRED
from controller.policy.rules.team_contradicted import team_contradicted
from controller.policy.rules.uncheckpointed_cap import UNCHECKPOINTED_CAP

RULE_KINDS: Mapping[str, RuleKind] = {
    kind.id: kind
    for kind in (
        CHECKPOINT_REQUIRED,
        UNCHECKPOINTED_CAP,
        MAX_WAIT_LIMIT,
        MAX_RUNTIME_LIMIT,
        SPOT_REQUIRED,
        CHECKPOINT_EXCLUSIVE,
        CHECKPOINT_ALIVE,
        TAGS_REQUIRED,
        INSTANCE_ALLOWED,
    )
}


def judge(job: Job, policy: Policy, evidence: Evidence, directives: Directives | None = None) -> Verdict:
    """Say all that a policy finds wrong with a job; ``directives`` are those in force for it, its own tags' where None."""
    unknown = job.unknown | evidence.missing
    selected = [(rule, rule.match.matches(job)) for rule in policy.rules]
    blind = {rule.name for rule, meant in selected if meant is None or (meant and RULE_KINDS[rule.kind].needs & unknown)}
    findings = [
        finding
        for rule, meant in selected
        if meant and rule.name not in blind and (finding := _apply(rule, job, evidence)) is not None
    ]
    invalid = tag_invalid(_read(job) if directives is None else directives, policy.channel)
    if invalid is not None:
        findings.append(invalid)
    if (contradicted := team_contradicted(job, policy.labels.team, policy.channel)) is not None:
        findings.append(contradicted)
    return Verdict(
        word=_word(job, findings),
        findings=tuple(findings),
        undecided=tuple(rule.name for rule in policy.rules if rule.name in blind),
    )


def _read(job: Job) -> Directives:
    """The directives of a job that stands alone."""
    if "tags" in job.unknown or job.service is not None:
        return Directives()
    return directives_of(job.tags, created_at=None if "created_at" in job.unknown else job.created_at)


def _apply(rule: Rule, job: Job, evidence: Evidence) -> Finding | None:
    kind = RULE_KINDS[rule.kind]
    fault = kind.judge(job, kind.options(**rule.options), evidence)
    if fault is None:
        return None
    return Finding(
        rule=rule.kind, policy=rule.name, severity=rule.severity, mode=rule.mode, field=fault.field, found=fault.found,
        wanted=fault.wanted, fix=fault.fix, action=rule.action if fault.actionable else None, applies_to=rule.applies_to,
        channel=rule.channel, repair=rule.repair, risk=fault.risk,
    )  # fmt: skip


def _word(job: Job, findings: list[Finding]) -> VerdictKind:
    """Stop is for a live job that nobody else owns; whether the controller may carry it out is ``enforcement``'s to say."""
    fatal = any(f.mode is Mode.ENFORCE and f.action is not None for f in findings)
    if fatal and job.alive and job.service is None:
        return VerdictKind.STOP
    return VerdictKind.FLAG if findings else VerdictKind.ALLOW
