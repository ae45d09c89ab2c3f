"""Judges a job by a policy: the rules that it breaks, and the one change after which it keeps all of them.

If the job's document lacks a field that a rule needs, the rule is undecided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from controller.jobs.directives import Directives, directives_of
from controller.jobs.job import Job
from controller.jobs.unknown_fields import Unsaid, guarded
from controller.policy.findings import NO_DEMAND, NO_FIX, Demand, Finding, Fix, Verdict, VerdictKind
from controller.policy.fix import Values, combined_fix
from controller.policy.mode import Mode
from controller.policy.policy import Policy, Rule
from controller.policy.repair import checkpoint_places
from controller.policy.rules.kind import Evidence
from controller.policy.rules.prefix_shared import prefix_shared
from controller.policy.rules.rule_kinds import RULE_KINDS
from controller.policy.rules.tag_invalid import tag_invalid
from controller.policy.rules.team_contradicted import team_contradicted
from controller.policy.waiver import Waiver, waived
from controller.units.value import dataclass, replace


@dataclass(frozen=True, slots=True)
class Basis:
    """What a job is judged by. ``evidence`` is what is known about the job beside its document.

    ``now`` decides which waivers are in force; without it, none is. ``given`` are waivers that the policy does not contain, such
    as those given in Slack.
    """

    policy: Policy
    evidence: Evidence
    now: datetime | None = None
    given: Sequence[Waiver] = ()


def judge(job: Job, basis: Basis, directives: Directives | None = None) -> Verdict:
    """The verdict about a job: its findings, and the one change that repairs all of them.

    ``directives`` are those in force for the job; None: read them from its tags. A waived finding is listed, and changes neither
    the verdict's word nor the fix.
    """
    findings, undecided = all_findings(job, basis, directives)
    standing = tuple(finding for finding in findings if finding.waiver is None)
    fix = fix_of(job, basis, findings) if standing else NO_FIX
    return Verdict(
        word=_word(job, standing, undecided),
        findings=tuple(replace(finding, fix=fix) for finding in findings),
        undecided=undecided,
        fix=fix,
    )


def all_findings(job: Job, basis: Basis, directives: Directives | None = None) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings of a job without their fix, and the names of the undecided rules. To find the fix takes ten times longer."""
    policy = basis.policy
    broken, undecided = judged(job, basis)
    invalid = tag_invalid(_read(job) if directives is None else directives, policy.channel)
    contradicted = team_contradicted(job, policy.labels.team, policy.channel)
    shared = prefix_shared(job, basis.evidence, policy.channel)
    findings = (*broken, *(found for found in (invalid, contradicted, shared) if found is not None))
    return _with_waivers(findings, job, basis), undecided


def standing_findings(job: Job, basis: Basis) -> tuple[Finding, ...]:
    """The findings about rules of the policy that no waiver allows. A fix must cause none of them."""
    found = _with_waivers(judged(job, basis)[0], job, basis)
    return tuple(finding for finding in found if finding.waiver is None)


def _with_waivers(findings: tuple[Finding, ...], job: Job, basis: Basis) -> tuple[Finding, ...]:
    waivers, most_s = (*basis.policy.waivers, *basis.given), basis.policy.slack.waiver_s_max
    return findings if basis.now is None or not waivers else waived(findings, job, waivers, basis.now, most_s)


def judged(job: Job, basis: Basis) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings about rules of the policy, waived or not, and the names of the undecided rules."""
    evidence = basis.evidence
    unknown = job.unknown | evidence.missing
    findings: list[Finding] = []
    undecided: list[str] = []
    for rule in basis.policy.rules:
        meant = rule.about(job)
        if meant is False:
            continue
        try:
            finding = _apply(rule, job, evidence, unknown)
        except Unsaid:
            undecided.append(rule.name)
            continue
        if meant is None and finding is not None:
            undecided.append(rule.name)  # it breaks the rule if the rule selects it; a job that keeps it needs no answer
        elif finding is not None:
            findings.append(finding)
    return tuple(findings), tuple(undecided)


def fix_of(job: Job, basis: Basis, findings: Sequence[Finding] = ()) -> Fix:
    """The one change after which a job keeps the policy and SageMaker accepts it, with the values of the policy's repairs.

    ``findings`` are those of the job; empty: they are computed again. Waived rules are ignored, also those that only the change
    would break.
    """
    policy = basis.policy
    places, _ = checkpoint_places(job, [finding.repair for finding in findings], policy)
    left = {finding.policy for finding in findings if finding.waiver is not None}
    tags = {key: value for rule in policy.rules for key, value in rule.repair.tags.items()}

    def broken(changed: Job) -> Sequence[tuple[str, Demand]]:
        known = findings and changed is job  # the findings are those of the unchanged job
        broken = findings if known else standing_findings(changed, basis)
        return [(f.policy, f.demand) for f in broken if f.demand != NO_DEMAND and f.policy not in left]

    fix = combined_fix(job, broken, Values(places=places, tags=tags))
    beyond = [f.policy for f in findings if f.demand == NO_DEMAND and f.waiver is None]
    if beyond and not fix.request and not fix.why_not:
        return Fix(why_not=f"no change of the request satisfies {', '.join(beyond)}")
    return fix


def _read(job: Job) -> Directives:
    """The directives in the job's own tags; none if its tags are not known or an AWS service owns it."""
    if "tags" in job.unknown or job.service is not None:
        return Directives()
    return directives_of(job.tags, created_at=None if "created_at" in job.unknown else job.created_at)


def _apply(rule: Rule, job: Job, evidence: Evidence, unknown: frozenset[str]) -> Finding | None:
    kind = RULE_KINDS[rule.kind]
    unsaid = unknown & kind.needs
    if unsaid:
        job, evidence = guarded(job, unsaid), guarded(evidence, unsaid)
    fault = kind.judge(job, _options(rule), evidence)
    if fault is None:
        return None
    return Finding(
        rule=rule.kind, policy=rule.name, severity=rule.severity, mode=rule.mode, field=fault.field, found=fault.found,
        wanted=fault.wanted, demand=fault.demand, action=rule.action if fault.actionable else None, applies_to=rule.applies_to,
        channel=rule.channel, repair=rule.repair, risk=fault.risk, rollout=rule.rollout,
    )  # fmt: skip


# The key has the id of the compiled options. They are kept in the value, so that Python does not reuse the id.
_OPTIONS: dict[tuple[int, str], tuple[Mapping[str, Any], Any]] = {}
OPTIONS_MAX = 2_000


def _options(rule: Rule) -> Any:
    """The options of a rule. They are cached: every rule judges every job, and a fix judges a job at least twice."""
    key = (id(rule.options), rule.kind)
    known = _OPTIONS.get(key)
    if known is None or known[0] is not rule.options:
        if len(_OPTIONS) >= OPTIONS_MAX:
            _OPTIONS.clear()
        known = _OPTIONS[key] = (rule.options, RULE_KINDS[rule.kind].options(**rule.options))
    return known[1]


def _word(job: Job, findings: Sequence[Finding], undecided: Sequence[str]) -> VerdictKind:
    """``stop`` only for a live job that no AWS service owns. ``controller.decide.enforce`` decides whether it is stopped."""
    fatal = any(f.mode is Mode.ENFORCE and f.action is not None for f in findings)
    if fatal and job.alive and job.service is None:
        return VerdictKind.STOP
    if findings:
        return VerdictKind.FINDINGS
    return VerdictKind.UNDECIDED if undecided else VerdictKind.ALLOW
