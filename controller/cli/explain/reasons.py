"""Why each rule, waiver and resubmit block applies to a job or does not, value by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from controller.aws.sagemaker.fields_by_document import MEMBERS
from controller.aws.sagemaker.hide_secrets import COMMAND_LINE, FREE_TEXT
from controller.cli.explain.values import VALUE_MAX, shown
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.claim import Claim
from controller.jobs.job import Job
from controller.jobs.spot_possible import why_not_spot
from controller.jobs.unknown_fields import Unsaid, guarded
from controller.notifications.messages.rules import HELD_BACK
from controller.policy.findings import Finding, Verdict
from controller.policy.policy import Policy, Rule
from controller.policy.resubmission import Resubmission
from controller.policy.rules.kind import Evidence
from controller.policy.rules.rule_kinds import RULE_KINDS
from controller.policy.rules.spot_required import SPOT_REQUIRED
from controller.policy.selector import SelectorPart
from controller.policy.waiver import Waiver
from controller.policyfile.compile import policy_trees
from controller.policyfile.consistency import entries
from controller.policyfile.folder import policy_files
from controller.units.free_text import one_line
from controller.units.plural import count

SECRET = FREE_TEXT | COMMAND_LINE | {"FailureReason", "StatusMessage", "StatusDetails"}  # members that may be or quote a secret
UNSAID, NOT_SET = "not in the document", "not set"
GIVEN = "given in Slack"
BESIDE: Mapping[str, str] = {"alive": "in progress", "intervals": "training since"}  # shown, but not in ``needs``
EVIDENCE: Mapping[str, str] = {
    "claims": "live jobs on the bucket",
    "checkpoint_scan": "the newest checkpoint",
    "spot_worth": "how often the pool is interrupted and how long the family's runs take",
}
SHOWN_EVIDENCE = ("claims", "checkpoint_scan")
Claims = tuple[Claim, ...]
NOT_ABOUT, KEPT, BROKEN, WAIVED, UNDECIDED = "not about this job", "kept", "broken", "waived", "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A part of the policy. ``place``: its file and line. ``about``: whether its selector matches the job; None if undecided."""

    name: str
    place: str
    selector: tuple[SelectorPart, ...]
    about: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverReason(Looked):
    """A waiver of a rule. ``says``: its reason. ``why_not``: why it does not apply; empty if it applies."""

    expires: datetime
    says: str
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReason(Looked):
    """A rule. ``outcome``: its result in a word. ``read``: the values that it read. ``missing``: values that are not in the
    document. ``unseen``: the missing evidence from outside the document. ``rollout``: how the rule is rolled out.
    ``held_back``: why it only warns about this job although it enforces. ``left_alone``: why spot is not required of the job.
    """

    kind: str
    mode: str
    action: str
    options: Mapping[str, Any]
    outcome: str
    finding: Finding | None = None
    read: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    rollout: str = ""
    held_back: str = ""
    left_alone: str = ""
    waivers: tuple[WaiverReason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockReason(Looked):
    """A resubmit block. ``chosen``: it applies to the job. ``why``: why it applies or does not."""

    mode: str
    chosen: bool
    why: str


def places_in(folder: Path | None) -> Mapping[tuple[str, str], str]:
    """File and line of each rule, waiver and resubmit block, by section and name; empty for the packaged policies."""
    if folder is None:
        return {}
    return {
        (section, str(entry.get("name"))): f"{tree.file}:{tree.line(path)}"
        for tree in policy_trees(policy_files(folder).policies)
        for section in ("rules", "waivers", "resubmit")
        for path, entry in entries(tree, section)
    }


def rule_reasons(
    job: Job,
    policy: Policy,
    evidence: Evidence,
    verdict: Verdict,
    now: datetime,
    places: Mapping[tuple[str, str], str],
    given: Sequence[Waiver] = (),
) -> tuple[RuleReason, ...]:
    """The result of each rule of the policy, and then the findings of rules that exist without being in a policy.

    ``given``: the waivers that people gave in Slack for the job's lineage.
    """
    broken = {finding.policy: finding for finding in verdict.findings}
    policy = replace(policy, waivers=(*policy.waivers, *given))
    named = tuple(
        _rule_reason(rule, job, policy, evidence, broken.get(rule.name), rule.name in verdict.undecided, now, places)
        for rule in policy.rules
    )
    others = [finding for finding in verdict.findings if finding.policy not in {rule.name for rule in policy.rules}]
    return (*named, *(_unnamed(finding) for finding in others))


def block_reasons(job: Job, policy: Policy, places: Mapping[tuple[str, str], str]) -> tuple[BlockReason, ...]:
    """All resubmit blocks; the first one that selects the job applies to it."""
    chosen = policy.resubmission_for(job)
    return tuple(
        BlockReason(
            name=block.name, place=places.get(("resubmit", block.name), ""), selector=block.match.parts(job),
            about=block.match.matches(job), mode=block.mode.value, chosen=block is chosen, why=_why_block(block, chosen, job),
        )
        for block in policy.resubmissions
    )  # fmt: skip


def _why_block(block: Resubmission, chosen: Resubmission | None, job: Job) -> str:
    if block is not chosen:
        return (
            ""
            if chosen is None or block.match.matches(job) is not True
            else f"the first block that matches the job is {chosen.name}"
        )
    if job.cause is None:
        return "if the job ends without its model"
    budget, _ = block.budget_of(job.cause)
    if budget is None:
        return f"the block has no budget for the cause {job.cause}"
    if not budget.counts(job.cause, job.failure):
        return f"the FailureReason begins with none of the reasons for the cause {job.cause}"
    return f"the cause {job.cause} has a budget of {budget.limit}"


def _rule_reason(
    rule: Rule,
    job: Job,
    policy: Policy,
    evidence: Evidence,
    finding: Finding | None,
    undecided: bool,
    now: datetime,
    places: Mapping[tuple[str, str], str],
) -> RuleReason:
    about = rule.about(job)
    read, lacked = _values_read(rule, job, evidence) if about is not False else ({}, "")
    unknown = ((job.unknown | evidence.missing) & RULE_KINDS[rule.kind].needs) | ({lacked} - {""})
    outcome = NOT_ABOUT if about is False else UNDECIDED if undecided else KEPT
    if finding is not None:
        outcome = BROKEN if finding.waiver is None else WAIVED
    options = {name: value for name, value in rule.options.items() if value not in (None, [], ())}
    return RuleReason(
        name=rule.name, place=places.get(("rules", rule.name), ""), selector=rule.parts(job), about=about, kind=rule.kind,
        mode=rule.mode.value, action=rule.action.value if rule.action else "", options=options, outcome=outcome, finding=finding,
        read=_values_of_when(rule, job) | read, rollout=_rollout(rule),
        held_back=HELD_BACK.get(finding.held_back or "", "") if finding else "",
        left_alone=_why_left_alone(rule, job) if outcome == KEPT else "",
        missing=tuple(sorted(map(_member, unknown - EVIDENCE.keys()))) if undecided else (),
        unseen=tuple(EVIDENCE[name] for name in EVIDENCE if name in unknown) if undecided else (),
        waivers=tuple(_waiver_reason(w, rule, job, policy, now, places) for w in policy.waivers if rule.name in w.rules),
    )  # fmt: skip


def _waiver_reason(
    waiver: Waiver, rule: Rule, job: Job, policy: Policy, now: datetime, places: Mapping[tuple[str, str], str]
) -> WaiverReason:
    lapsed = waiver.lapsed(now, policy.slack.waiver_s_max)
    if waiver.covers(rule.name, job):
        why_not = lapsed
    elif waiver.match.matches(job) is True:
        why_not = "The job lacks a tag that the waiver's match names, or its role contradicts its team tag."
    else:
        why_not = "It is not about this job."
    return WaiverReason(
        name=waiver.name or GIVEN, place=places.get(("waivers", waiver.name), ""), selector=waiver.match.parts(job),
        about=waiver.match.matches(job), expires=waiver.expires, says=waiver.why, why_not=why_not,
    )  # fmt: skip


def _unnamed(finding: Finding) -> RuleReason:
    return RuleReason(
        name=finding.policy, place="", selector=(), about=True, kind=finding.rule, mode=finding.mode.value, action="", options={},
        outcome=BROKEN if finding.waiver is None else WAIVED, finding=finding,
    )  # fmt: skip


def _values_of_when(rule: Rule, job: Job) -> dict[str, str]:
    """The values that an expression reads, without those of hyperparameters and environment variables, which may be secrets."""
    if rule.when is None:
        return {}
    found = {}
    for path in rule.when.fields:
        value = job.members.get(path, UNSAID)
        if value is None or value is UNSAID:
            shown_value = NOT_SET if value is None else UNSAID
        elif SECRET.intersection(path):
            shown_value = "set"
        elif isinstance(value, bool):
            shown_value = str(value).lower()
        elif isinstance(value, list | tuple | Mapping):
            shown_value = f"a list or map of {len(value)}"
        else:
            shown_value = one_line(str(value), VALUE_MAX)
        found[".".join(path)] = shown_value
    return found


class _Reading:
    """A proxy of an object that records which of its fields are read."""

    def __init__(self, whole: Any, names: list[str]) -> None:
        self._whole, self._names = whole, names

    def __getattr__(self, name: str) -> Any:
        self._names.append(name)
        return getattr(self._whole, name)


def _values_read(rule: Rule, job: Job, evidence: Evidence) -> tuple[dict[str, str], str]:
    """The values that the rule reads, by SageMaker's names, and the field that it lacks, by its name in the code, or empty."""
    lacked = ""
    kind, of_job, of_evidence = RULE_KINDS[rule.kind], list[str](), list[str]()
    seen_job: Any = _Reading(job, of_job)
    seen_evidence: Any = _Reading(evidence, of_evidence)
    try:
        kind.judge(seen_job, kind.options(**rule.options), seen_evidence)
    except Unsaid as unsaid:
        lacked = str(unsaid)
    except (TypeError, AttributeError):  # some rules copy the job, which the proxy cannot: what was read until then is enough
        pass
    told = {*kind.needs, *BESIDE} - job.unknown - {"excludes_spot"}  # shown as a reason instead
    read = [name for name in dict.fromkeys(of_job) if name in told]
    values = {_member(name): shown(name, getattr(job, name)) for name in read}
    return values | {EVIDENCE[name]: _seen(getattr(evidence, name)) for name in SHOWN_EVIDENCE if name in of_evidence}, lacked


def _why_left_alone(rule: Rule, job: Job) -> str:
    """Why spot is not required of an on-demand job; empty for other rules and jobs."""
    if rule.kind != SPOT_REQUIRED.id:
        return ""
    known = guarded(job, job.unknown)
    try:
        why = None if known.spot else why_not_spot(known)
    except Unsaid:
        return ""
    return f"spot is not required of it: {why}" if why else ""


def _rollout(rule: Rule) -> str:
    """How a rule is rolled out; empty if it applies to all jobs at once."""
    how = rule.rollout
    guard = how.surprise
    parts = [f"share {100 * how.share:g}%"] if how.share < 1 else []
    parts += [f"enforce_from {how.enforce_from}"] if how.enforce_from else []
    parts += [f"surprise of more than {count(guard.jobs, 'job')}"] if guard and guard.jobs is not None else []
    parts += [f"surprise of more than {guard.percent:g}% of the last day"] if guard and guard.percent is not None else []
    return ", ".join(parts)


def _seen(found: Claims | CheckpointScan | None) -> str:
    """Evidence from outside the document, as text."""
    if found is None:
        return "not looked at"
    if isinstance(found, CheckpointScan):
        written = f"{found.newest_at:%Y-%m-%d %H:%M} UTC" if found.newest_at else "none"
        return found.problem or written
    return one_line(", ".join(f"{claim.job} on {claim.uri}" for claim in found) or "none", VALUE_MAX)


def _member(name: str) -> str:
    return BESIDE.get(name) or EVIDENCE.get(name) or MEMBERS.get(name, (name,))[0]
