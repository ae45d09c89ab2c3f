"""Compiles a folder of policy files to the JSON document that ``controller.policy.load_policy`` reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path as Folder
from typing import Any

from pydantic import ValidationError

from controller.policy.bounds import ENTRIES_MAX
from controller.policy.compiled_document import VERSION, revision_of
from controller.policy.resubmission import BudgetPer, FallbackKind
from controller.policy.rules.rule_kinds import RULE_KINDS
from controller.policyfile.consistency import (
    check_consistency,
    entries,
    refuse_duplicate_names,
    refuse_overlapping_rates,
    refuse_policy_sections,
    refuse_second_section,
    refuse_unknown_rules,
)
from controller.policyfile.folder import BYTES_MAX, is_case_file, misspelt_files, policy_files, read_policy
from controller.policyfile.problem import BadPolicy, Problem, quoted
from controller.policyfile.rule_options import OPTIONS
from controller.policyfile.schema import (
    Block,
    BudgetEntry,
    DeadlineEntry,
    Defaults,
    File,
    Match,
    OtherSubnets,
    OtherTypes,
    RateLimitsEntry,
    RuleEntry,
    WaiverEntry,
)
from controller.policyfile.validation_errors import validation_errors
from controller.policyfile.waiver_ends import refuse_long_waivers
from controller.policyfile.warnings import warnings_of
from controller.policyfile.when import compile_when
from controller.policyfile.yaml_limits import CASE_VALUES_MAX, FolderBudget
from controller.policyfile.yaml_nodes import Tree, read_yaml
from controller.units.plural import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """The result for a folder: its errors, or else its document and its warnings. Both are in the order of the files."""

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)


def compile_folder(path: str | Folder, *, now: datetime | None = None) -> dict[str, Any]:
    """Compile all files of a folder, in the order of their names. Raises BadPolicy with every problem in every file.

    The order of files matters: the first ``resubmit`` block that selects a job applies to it. ``revision`` is a hash of the
    content, so comments and the order of keys do not change it. ``now`` is as in ``validate_folder``.
    """
    validated = validate_folder(path, now=now)
    if validated.errors:
        raise BadPolicy(validated.errors)
    return dict(validated.document)


def validate_folder(path: str | Folder, *, now: datetime | None = None) -> Validated:
    """Read all files of a folder, and find every error in every file. There are warnings only if there is no error.

    With ``now``, a waiver that would end later than the policy allows is an error, and an expired waiver is a warning. Without
    ``now``, neither is reported. The controller ignores both kinds of waiver in any case.
    """
    found = policy_files(Folder(path))
    trees = policy_trees(found.policies)
    files = [_file(tree) for tree in trees]
    cases = policy_trees(found.cases)
    for tree in cases:
        refuse_policy_sections(tree)
    for section in ("rules", "resubmit", "waivers"):
        refuse_duplicate_names(trees, section)
    refuse_unknown_rules(trees)
    refuse_overlapping_rates(trees)
    _refuse_too_many(trees)
    for section in ("brakes", "slack", "labels", "checkpoints", "trust_claims", "longest_waiver"):
        refuse_second_section(trees, section)
    if now is not None:
        refuse_long_waivers(trees, now)
    if errors := {*found.problems, *(problem for tree in (*trees, *cases) for problem in tree.problems)}:
        return Validated(errors=tuple(sorted(errors)))
    document = _document([file for file in files if file is not None])
    warnings = {*warnings_of(document, trees, now), *misspelt_files(Folder(path))}
    return Validated(document=document, warnings=tuple(sorted(warnings)))


def _refuse_too_many(trees: Sequence[Tree]) -> None:
    """Add a problem for a section with more entries in all files than the loader accepts. Within one file, validation does it."""
    for section in ("rules", "resubmit", "waivers", "rates"):
        total = 0
        for tree in trees:
            own = len(entries(tree, section))
            total += own
            if total > ENTRIES_MAX >= own:
                tree.problem(
                    (section,), found=f"{count(total, 'entry')} with those of other files", wanted=f"at most {ENTRIES_MAX:,}"
                )
                break


def _document(whole: Sequence[File]) -> dict[str, Any]:
    content: dict[str, Any] = {
        "channel": _channel(whole),
        "brakes": next((_rate_limits(file.brakes) for file in whole if file.brakes is not None), {}),
        "slack": next((file.slack.compiled() for file in whole if file.slack is not None), {}),
        "labels": next((file.labels.model_dump(exclude_none=True) for file in whole if file.labels is not None), {}),
        "rules": [_rule(rule, file.defaults) for file in whole for rule in file.rules or ()],
        "resubmit": [_block(block, file.defaults) for file in whole for block in file.resubmit or ()],
    }
    if any(file.trust_claims for file in whole):  # otherwise left out, so that the revision of older policies stays
        content["trust_claims"] = True
    if ignored := [name for file in whole if file.checkpoints for name in file.checkpoints.ignore or ()]:
        content["checkpoint_ignore"] = ignored
    if rates := [rate.compiled() for file in whole for rate in file.rates or ()]:
        content["rates"] = rates
    if waivers := [_waiver(waiver) for file in whole for waiver in file.waivers or ()]:
        content["waivers"] = waivers
    if bounds := [file.longest_waiver for file in whole if file.longest_waiver is not None]:
        content["slack"]["waiver_s_max"] = min(bounds[0], content["slack"].get("waiver_s_max", bounds[0]))
    return {"version": VERSION, "revision": revision_of(content), **content}


def as_text(document: Mapping[str, Any]) -> str:
    """The document as JSON with one value per line, so that a changed rule is a short diff."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def policy_trees(files: Sequence[Folder]) -> list[Tree]:
    """The data and problems of a folder's policy files, or of its case files. Files beyond the folder's limits are not read."""
    budget = FolderBudget(values_max=CASE_VALUES_MAX) if any(map(is_case_file, files)) else FolderBudget()
    return [_tree(file, budget) for file in files]


def _tree(file: Folder, budget: FolderBudget) -> Tree:
    tree = Tree(file=str(file), budget=budget)
    if not budget.exceeded():
        try:
            tree = _read(file, read_policy(file), budget)
        except ValueError as error:
            tree.problem((), found=str(error), wanted=f"YAML in UTF-8, at most {BYTES_MAX:,} bytes", code="not-a-policy-file")
    if found := budget.exceeded():
        tree = Tree(file=str(file), budget=budget)
        tree.problem((), found=found, wanted="fewer in one folder", code="not-a-policy-file")
    return tree


def _read(file: Folder, text: str, budget: FolderBudget) -> Tree:
    budget.bytes += len(text.encode())
    if budget.exceeded():
        return Tree(file=str(file), budget=budget)
    tree = read_yaml(str(file), text, budget)
    if tree.data is None and not tree.problems:
        tree.problem(
            (),
            found="an empty file",
            code="missing-key",
            wanted="version and cases"
            if is_case_file(file)
            else "version, and at least one of rules, resubmit, brakes, slack, labels",
        )
    return tree


def _file(tree: Tree) -> File | None:
    """Validate one file. Returns None if it is invalid; then the tree has the problems."""
    if tree.data is None:
        return None
    if not isinstance(tree.data, Mapping):
        tree.problem(
            (),
            found="a list" if isinstance(tree.data, list) else quoted(tree.data),
            wanted="a map with version, and at least one of rules, resubmit, brakes, slack, labels",
        )
        return None
    check_consistency(tree)
    try:
        return File.model_validate(tree.data)
    except ValidationError as error:
        validation_errors(error, File, tree)
        return None


def _channel(files: Iterable[File]) -> str:
    """The channel for digests: the default channel of the first file that has one."""
    named = (file.defaults.channel for file in files if "channel" in file.defaults.model_fields_set)
    return next(named, Defaults().channel)


def _rule(rule: RuleEntry, defaults: Defaults) -> dict[str, Any]:
    given = OPTIONS[rule.rule].model_validate(rule.options).model_dump(by_alias=True, exclude_none=True)
    return {
        "name": rule.name,
        "kind": rule.rule,
        "options": _plain(asdict(RULE_KINDS[rule.rule].options(**given))),
        "match": _match(rule.match),
        "mode": rule.mode or defaults.mode,
        "severity": rule.severity or defaults.severity,
        "action": rule.action,
        "repair": rule.repair.model_dump(exclude_none=True) if rule.repair else {},
        "applies_to": rule.applies_to,
        "channel": rule.channel or defaults.channel,
        # What is not given is left out, so that the revision of older policies stays.
        **({"rollout": rollout} if (rollout := _rollout(rule)) else {}),
        **({"when": compile_when(rule.when)} if rule.when is not None else {}),
        **({"docs": rule.docs} if rule.docs else {}),
    }


def _rollout(rule: RuleEntry) -> dict[str, Any]:
    """The roll-out of a rule, with the names of ``controller.policy.rollout.Rollout``."""
    guard = {"jobs": rule.surprise.jobs, "percent": rule.surprise.of_last_day} if rule.surprise else None
    share = rule.share / 100 if rule.share is not None else None
    said = {"share": share, "enforce_from": rule.enforce_from, "surprise": guard}
    return {name: value for name, value in said.items() if value is not None}


def _waiver(waiver: WaiverEntry) -> dict[str, Any]:
    texts = {name: getattr(waiver, name) for name in ("name", "reason", "owner", "ticket", "expires")}
    return {**texts, "rules": waiver.rule, "match": _match(waiver.match)}


def _block(block: Block, defaults: Defaults) -> dict[str, Any]:
    return {
        "name": block.name,
        "match": _match(block.match),
        "mode": block.mode,
        "within_s": block.within,
        "causes": {cause: _budget(budget) for cause, budget in block.causes.by_cause().items()},
        "ladder": [_fallback_step(step) for step in block.ladder or ()],
        "on_demand": block.on_demand,
        "interruption_limit": {"more_than": p.more_than, "within_s": p.within} if (p := block.interruptions) else None,
        "deadline": _deadline(block.deadline) if block.deadline else {},
        "cap_micros": block.cap.lineage_usd if block.cap else None,
        "team_month_cap_micros": block.cap.team_month_usd if block.cap else None,
        "channel": block.channel or defaults.channel,
    }


def _budget(budget: BudgetEntry) -> dict[str, Any]:
    """A budget, with the names of ``controller.policy.resubmission.Budget``."""
    backoff = budget.backoff
    own = budget.model_dump(include={"reasons", "instance_type", "volume_gb"})
    own |= {"per": budget.per} if budget.per != BudgetPer.LINEAGE else {}
    return {
        "limit": budget.limit,
        "first_s": backoff.first,
        "factor": backoff.factor,
        "most_s": backoff.most,
        "jitter": backoff.jitter,
        **{"beginnings" if name == "reasons" else name: value for name, value in own.items()},
    }


def _fallback_step(step: str | OtherTypes | OtherSubnets) -> dict[str, Any]:
    match step:
        case OtherTypes():
            return {"kind": FallbackKind.INSTANCE_TYPES.value, "values": step.instance_types}
        case OtherSubnets():
            return {"kind": FallbackKind.SUBNETS.value, "values": step.subnets}
        case word:
            return {"kind": word, "values": []}


def _deadline(deadline: DeadlineEntry) -> dict[str, Any]:
    """A deadline, with the names of ``controller.policy.resubmission.DeadlineSettings``."""
    return deadline.model_dump(by_alias=True)


def _rate_limits(limits: RateLimitsEntry) -> dict[str, Any]:
    return {"stops_per_h": limits.stops_per_hour, "submissions_per_h": limits.submissions_per_hour}


def _match(match: Match) -> dict[str, Any]:
    return match.model_dump(exclude_none=True)


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Lists instead of tuples, so that the document equals its own JSON copy."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
