"""Runs the cases of a policy folder: judges each job as ``check`` and the controller do, and compares the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.cli.cases.jobs import as_made, evidence_of, facts_of, found_of
from controller.cli.check.finding_text import found_text
from controller.cli.check.judging import Checked, check_document
from controller.cli.check.request_model import CREATE_AND_DESCRIBE, misnamed
from controller.cli.documents import Found
from controller.decide import decide
from controller.decide.decision import Decision
from controller.ledger.entry import Flagged
from controller.ledger.intent import Announce, Purpose, Stop, Submit
from controller.ledger.messages.kind import MessageKind
from controller.ledger.messages.message import RuleBroken
from controller.ledger.messages.stored_facts import message_of
from controller.notifications.messages.catalogue import describe
from controller.notifications.messages.rules import HELD_BACK
from controller.notifications.messages.text import NEXT
from controller.notifications.mrkdwn import unmarked
from controller.policy.findings import Finding, VerdictKind
from controller.policy.policy import Policy
from controller.policy.rules.kind import Evidence
from controller.policy.rules.prefix_shared import PREFIX_SHARED
from controller.policy.rules.rule_kinds import RULE_KINDS
from controller.policy.rules.tag_invalid import TAG_INVALID
from controller.policy.rules.team_contradicted import TEAM_CONTRADICTED
from controller.policyfile.cases import NONE, Case, ExpectedFinding, read_cases
from controller.policyfile.problem import BadPolicy, quoted, some_of

UNNAMED = (TAG_INVALID, TEAM_CONTRADICTED, PREFIX_SHARED)  # rules that exist without being in a policy
NEEDED = {"spot_worth": ("run", "pool"), "checkpoint_scan": ("checkpoint",)}  # what rules need → keys of a case's history
ACTION_OF = {Purpose.RULE: "stop", Purpose.REPAIR: "repair", Purpose.MOVE: "move"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """The result of a case. ``differences``: sentences, none if it passed. ``reached``: kind and name of parts of the policy."""

    case: Case
    differences: tuple[str, ...]
    reached: frozenset[tuple[str, str]]


def cases_of(folder: Path, policy: Policy | None) -> list[Case]:
    """The cases of a folder. Raises BadPolicy with every problem of every case file.

    Unknown names of rules, kinds or fields, and documents that cannot be read, are reported only if there is a policy.
    """
    cases, trees = read_cases(folder)
    if policy is not None:
        for case in cases:
            _check_names(case, policy)
    if problems := [problem for tree in trees for problem in tree.problems]:
        raise BadPolicy(problems)
    return cases


def run_case(case: Case, policy: Policy) -> CaseResult:
    """Judge the job of a case, and compare the result with what the case expects."""
    found = found_of(case)
    checked = _checked(case, found, policy, evidence_of(case, found))
    if case.entry.history.pool is not None and checked.job is not None:
        checked = _checked(case, found, policy, facts_of(case, found, checked.job, policy).evidence)
    if checked.word is None:
        return CaseResult(case=case, differences=(f"job: {checked.error}",), reached=frozenset())
    action, decision = NONE, Decision()
    if checked.job is not None and checked.word is not VerdictKind.REFUSED:  # SageMaker would not create it
        decision = decide(facts_of(case, found, checked.job, policy))
        action = action_of(decision)
    differences = [*_differences(case, checked, action, policy)]
    if action != case.entry.expect.action:
        differences += _why_action(decision)
    differences += [f"the controller failed: {problem.decider} raised {problem.error}" for problem in decision.problems]
    return CaseResult(case=case, differences=tuple(differences), reached=_reached(checked, policy))


def _checked(case: Case, found: Found, policy: Policy, evidence: Evidence) -> Checked:
    return check_document(
        found, policy, _tags(case), evidence=evidence, as_made=lambda job: as_made(case, job), now=case.entry.at
    )  # fmt: skip


def action_of(decision: Decision) -> str:
    """What a decision does to the job, in the words of ``expect.action``."""
    for intent in decision.intents:
        if isinstance(intent.action, Stop):
            return ACTION_OF[intent.action.purpose]
        if isinstance(intent.action, Submit):
            return "resubmit"
    return NONE


def parts_of(policy: Policy) -> list[tuple[str, str]]:
    """Kind and name of each rule, waiver and resubmit block, in the order of the files."""
    return [
        *(("rule", rule.name) for rule in policy.rules),
        *(("waiver", waiver.name) for waiver in policy.waivers),
        *(("resubmit", block.name) for block in policy.resubmissions),
    ]


def _reached(checked: Checked, policy: Policy) -> frozenset[tuple[str, str]]:
    """The rules that the job breaks, the waivers that apply, and the resubmit block that would submit it again."""
    reached = {("rule", finding.policy) for finding in checked.findings}
    reached |= {("waiver", finding.waiver.name) for finding in checked.findings if finding.waiver is not None}
    block = policy.resubmission_for(checked.job) if checked.job is not None and checked.job.cause is not None else None
    if block is not None and checked.job is not None and checked.job.cause is not None:
        budget, _ = block.budget_of(checked.job.cause)
        if budget is not None:
            reached.add(("resubmit", block.name))
    return frozenset(reached)


def _tags(case: Case) -> Mapping[str, str] | None:
    return case.entry.tags if case.entry.tags is not None or case.short is None else {}


# ── what differs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _differences(case: Case, checked: Checked, action: str, policy: Policy) -> Iterator[str]:
    expect = case.entry.expect
    if checked.word is not None and checked.word.value != expect.verdict:
        yield f"verdict: expected {expect.verdict}, found {checked.word.value}"
    yield from _finding_differences(expect.findings, checked.findings)
    yield from _name_differences("undecided", expect.undecided, checked.undecided)
    yield from _missing_keys(case, checked, policy)
    yield from _name_differences("refused", expect.refused, sorted({refusal.field for refusal in checked.refused}))
    for refusal in checked.refused:
        if refusal.field not in expect.refused:
            yield f"refused: {refusal.field} is {refusal.found}; wanted: {refusal.wanted}"
    used = sorted({finding.waiver.name for finding in checked.findings if finding.waiver is not None})
    wanted = {*expect.waiver, *(one.waiver for one in expect.findings if one.waiver)}
    yield from _name_differences("waiver", sorted(wanted), used)
    if wanted - {*used, NONE}:
        why = dict.fromkeys(finding.lapsed for finding in checked.findings if finding.lapsed)
        yield from (
            f"{sentence} The case runs at {case.entry.at:%Y-%m-%d %H:%M} UTC; the key at: sets another time." for sentence in why
        )
    if action != expect.action:
        yield f"action: expected {expect.action}, found {action}"


def _missing_keys(case: Case, checked: Checked, policy: Policy) -> Iterator[str]:
    """Which keys are missing in a case's history, so that a rule is undecided."""
    said = case.entry.history.model_fields_set
    for rule in policy.rules:
        keys = [key for need, keys in NEEDED.items() if need in RULE_KINDS[rule.kind].needs for key in keys if key not in said]
        if keys and rule.name in checked.undecided and rule.name not in case.entry.expect.undecided:
            yield f"undecided: for {rule.name}, give {' and '.join(keys)} in history"


def _why_action(decision: Decision) -> Iterator[str]:
    """Why an enforcing rule does not act, and the next steps that the messages announce."""
    held = {e.policy: HELD_BACK[e.held_back] for e in decision.entries if isinstance(e, Flagged) and e.held_back in HELD_BACK}
    yield from (f"action: {name} only warns: {why}" for name, why in held.items())
    for message in (i.action for i in decision.intents if isinstance(i.action, Announce)):
        broken = message_of(message.kind, message.facts) if message.kind is MessageKind.FLAGGED else None
        if isinstance(broken, RuleBroken) and broken.policy not in held:
            steps = [unmarked(line.removeprefix(NEXT)) for line in describe(broken).lines if line.startswith(NEXT)]
            yield from (f"action: {broken.policy}: {step}" for step in steps)


def _finding_differences(expected: Sequence[ExpectedFinding], found: Sequence[Finding]) -> Iterator[str]:
    left = list(found)
    for one in expected:
        alike = [finding for finding in left if _is_expected(one, finding)]
        if not alike:
            yield f"findings: expected {one.policy or one.rule}, which the job does not break"
            continue
        best = next((finding for finding in alike if not any(_mismatches(one, finding))), alike[0])
        left.remove(best)
        yield from (f"findings: {best.policy}: {difference}" for difference in _mismatches(one, best))
    for finding in left:
        what = found_text(finding.rule, finding.field, finding.found)
        yield f"findings: found {finding.policy} ({what}), which is not expected"


def _is_expected(one: ExpectedFinding, finding: Finding) -> bool:
    return one.policy in (None, finding.policy) and one.rule in (None, finding.rule)


def _mismatches(one: ExpectedFinding, finding: Finding) -> Iterator[str]:
    for name, wanted, found in (
        ("field", one.field, finding.field), ("mode", one.mode, finding.mode.value),
        ("severity", one.severity, finding.severity.value),
        ("waiver", one.waiver, finding.waiver.name if finding.waiver is not None else NONE),
    ):  # fmt: skip
        if wanted is not None and wanted != found:
            yield f"{name}: expected {wanted}, found {found}"
    for name, wanted, found in (("found", one.found, finding.found), ("wanted", one.wanted, finding.wanted)):
        if wanted is not None and wanted not in found:
            yield f"{name}: expected text with {quoted(wanted)}, found {quoted(found)}"


def _name_differences(name: str, expected: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    missing, more = [e for e in expected if e not in found], [f for f in found if f not in expected]
    if missing or more:
        yield f"{name}: expected {', '.join(expected) or NONE}, found {', '.join(found) or NONE}"


# ── unknown names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _check_names(case: Case, policy: Policy) -> None:
    rules = (*(rule.name for rule in policy.rules), *UNNAMED)
    kinds = (*RULE_KINDS, *UNNAMED)
    kind_of = {rule.name: rule.kind for rule in policy.rules} | {name: name for name in UNNAMED}
    beside = case.entry.job if isinstance(case.entry.job, str) else None
    if beside is not None and not (Path(case.file).parent / beside).exists():
        case.problem("job", found=f"no file {quoted(beside)}", wanted="the path of a document, from the folder of the cases")
    elif error := found_of(case).error:
        found, _, wanted = error.partition(", wanted ")
        case.problem("job", found=found.removeprefix("found "), wanted=wanted or "one training job")
    for number, one in enumerate(case.entry.expect.findings):
        place = ("expect", "findings", number)
        if one.policy is not None and one.policy not in rules:
            _unknown(case, (*place, "policy"), "rule", one.policy, rules)
        if one.rule is not None and one.rule not in kinds:
            _unknown(case, (*place, "rule"), "kind of rule", one.rule, kinds)
        elif one.rule is not None and one.policy in kind_of and kind_of[one.policy] != one.rule:
            case.problem(*place, "rule", found=quoted(one.rule), wanted=f"{kind_of[one.policy]}, the kind of {one.policy}")
        if one.field is not None and (meant := misnamed(one.field, CREATE_AND_DESCRIBE)) is not None:
            _bad_field(case, (*place, "field"), one.field, meant)
    waivers = [waiver.name for waiver in policy.waivers]
    asked = [(("findings", number, "waiver"), one.waiver) for number, one in enumerate(case.entry.expect.findings)]
    for path, waiver in (*asked, *((("waiver", number), name) for number, name in enumerate(case.entry.expect.waiver))):
        if waiver is not None and waiver not in waivers:
            _unknown(case, ("expect", *path), "waiver", waiver, waivers or ["no waiver"])
    for number, name in enumerate(case.entry.expect.undecided):
        if name not in rules:
            _unknown(case, ("expect", "undecided", number), "rule", name, rules)
    for number, name in enumerate(case.entry.expect.refused):
        if (meant := misnamed(name, CREATE_AND_DESCRIBE)) is not None:
            _bad_field(case, ("expect", "refused", number), name, meant)


def _unknown(case: Case, path: tuple[str | int, ...], noun: str, name: str, known: Sequence[str]) -> None:
    """Report an unknown name. If a list of one is written as text, the problem is on the line of the list."""
    case.problem(*path, found=f"the unknown {noun} {quoted(name)}", wanted=f"one of {some_of(known)}", meant=(name, known))


def _bad_field(case: Case, path: tuple[str | int, ...], name: str, meant: str) -> None:
    hint = f"did you mean '{meant}'?" if meant else ""
    wanted = "a member of a training job, such as CheckpointConfig.S3Uri"
    case.problem(*path, found=f"the unknown field {quoted(name)}", wanted=wanted, hint=hint)
