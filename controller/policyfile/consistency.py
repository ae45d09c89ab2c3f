"""Checks that values in a policy file are consistent, and names are unique: on the raw data, so with all other problems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from controller.jobs.failure import FailureCause, classify
from controller.policy.agreed_rate import Agreement
from controller.policy.bounds import WHEN_MAX
from controller.policy.policy import RuleAction
from controller.policy.resubmission import FallbackKind
from controller.policy.rules.checkpoint_alive import CHECKPOINT_ALIVE
from controller.policy.rules.checkpoint_exclusive import CHECKPOINT_EXCLUSIVE
from controller.policy.rules.checkpoint_required import CHECKPOINT_REQUIRED
from controller.policy.rules.instance_allowed import INSTANCE_ALLOWED
from controller.policy.rules.max_wait_limit import MAX_WAIT_LIMIT
from controller.policy.rules.rule_kinds import RULE_KINDS
from controller.policy.rules.spot_worth_it import SPOT_WORTH_IT
from controller.policy.rules.tags_required import TAGS_REQUIRED
from controller.policy.slack_settings import MEMBERS
from controller.policy.user_request import UserRequest
from controller.policyfile.problem import Path, quoted, some_of
from controller.policyfile.rule_options import OPTIONS
from controller.policyfile.schema import Backoff
from controller.policyfile.similar_words import similar_words
from controller.policyfile.slack_section import READ
from controller.policyfile.usage_types import usage_type_of
from controller.policyfile.validation_errors import keys_of, unknown_key, validation_errors
from controller.policyfile.vocabulary import listed
from controller.policyfile.when import BadWhen, compile_when
from controller.policyfile.yaml_nodes import Tree

SECTIONS = ("rules", "resubmit", "brakes", "slack", "labels")
ROLL_OUT = ("share", "enforce_from", "surprise")  # keys for how enforcing begins
ENOUGH_ALONE = ("waivers", "rates")  # a file may also consist of one of these
LATER_SECTIONS = ("defaults", "checkpoints", "trust_claims", "longest_waiver", "waivers", "rates")
NEEDS_PREFIX = (CHECKPOINT_REQUIRED.id, CHECKPOINT_EXCLUSIVE.id)
NOT_REPAIRABLE: Mapping[str, str] = {
    INSTANCE_ALLOWED.id: "only the job's owner knows which of the allowed types it can use",
    CHECKPOINT_ALIVE.id: "only the training code can write checkpoints",
    SPOT_WORTH_IT.id: "only the job's owner can make it write checkpoints, or pay for on-demand",
}
# A ladder may have several steps of these kinds, but each value only once.
ONCE: Mapping[str, str] = {FallbackKind.INSTANCE_TYPES: "instance type", FallbackKind.SUBNETS: "subnet"}


def check_consistency(tree: Tree) -> None:
    """Add a problem to a file for each inconsistency in it."""
    if not {*SECTIONS, *ENOUGH_ALONE} & tree.data.keys():
        tree.problem((), found="no section", wanted=f"at least one of {', '.join(SECTIONS)}")
    defaults = tree.data.get("defaults")
    default_mode = defaults.get("mode", "audit") if isinstance(defaults, Mapping) else "audit"
    for path, rule in entries(tree, "rules"):
        _check_action(tree, path, rule, rule.get("mode", default_mode))
        _check_options(tree, path, rule)
        _check_when(tree, (*path, "when"), rule.get("when"))
        _check_repair(tree, path, rule)
    for path, block in entries(tree, "resubmit"):
        _check_causes(tree, (*path, "causes"), block.get("causes"))
        _check_ladder(tree, (*path, "ladder"), block.get("ladder"), on_demand=block.get("on_demand", True))
    for path, rate in entries(tree, "rates"):
        _check_rate(tree, path, rate)
    _check_may(tree)


def _check_may(tree: Tree) -> None:
    """The word ``members`` is allowed for reading only: users and groups that may act must be named."""
    for request, allowed in mapping(mapping(tree.data.get("slack")).get("may")).items():
        if MEMBERS in _texts(allowed) and request in tuple(UserRequest):
            hint = f"{MEMBERS} can be used only for {READ}"
            tree.problem(("slack", "may", request), found=MEMBERS, wanted=f"users and user groups for {request}", hint=hint)


def _check_rate(tree: Tree, path: Path, rate: Mapping[str, Any]) -> None:
    """A rate has a usage type, or an instance type and a region; a Savings Plan never covers spot."""
    named = rate.get("usage_type")
    of = usage_type_of(named) if isinstance(named, str) else None
    if "usage_type" not in rate and "instance_type" not in rate:
        tree.problem(path, found="no usage_type and no instance_type", wanted="one of them", code="missing-key")
    for key in ("instance_type", "market"):
        if "usage_type" in rate and key in rate:
            tree.problem((*path, key), found=f"{key} beside usage_type", wanted="one of them: a usage type has both", key=True)
    if "usage_type" not in rate and "instance_type" in rate and "region" not in rate:
        tree.problem(path, found="no key 'region'", wanted="region: and the region of the instance type", code="missing-key")
    if of is not None and not of.region and "region" not in rate:
        tree.problem(path, found=f"no region, and {quoted(named)} contains no known one", wanted="region: and its value")
    if of is not None and of.region and rate.get("region", of.region) != of.region:
        tree.problem((*path, "region"), found=quoted(rate["region"]), wanted=f"{of.region}, the region of {named}")
    spot = of.spot if of is not None else rate.get("market") == "spot"
    if spot and rate.get("agreement") == Agreement.SAVINGS_PLAN:
        tree.problem(
            (*path, "agreement"), found="savings-plan for spot training", wanted="private-pricing, or no such rate",
            hint="a Savings Plan covers only on-demand usage",
        )  # fmt: skip
    begin, end = str(rate.get("from", "")), str(rate.get("until", ""))
    if _is_day(begin) and _is_day(end) and end < begin:
        tree.problem((*path, "until"), found=f"{end}, before {begin}", wanted="the last day of the rate, not before from")


def refuse_overlapping_rates(trees: Iterable[Tree]) -> None:
    """An instance type must have only one rate for a day in a region and market."""
    known: dict[tuple[Any, ...], list[tuple[str, str, str]]] = {}
    for tree in trees:
        for path, rate in entries(tree, "rates"):
            named = rate.get("usage_type")
            of = usage_type_of(named) if isinstance(named, str) else None
            begin, end = str(rate.get("from", "")), str(rate.get("until", "9999-12-31"))
            spot = of.spot if of else rate.get("market") == "spot"
            what = (of.instance_type if of else rate.get("instance_type"), rate.get("region") or (of.region if of else ""), spot)
            if not (isinstance(what[0], str) and isinstance(what[1], str) and _is_day(begin) and _is_day(end)):
                continue
            for first, last, where in known.setdefault(what, []):
                if begin <= last and first <= end:
                    market = "spot" if spot else "on-demand"
                    found = f"a second rate of {what[0]} {market} in {what[1]} on {max(begin, first)} (first in {where})"
                    tree.problem(path, found=found, wanted="one rate for each day")
                    break
            known[what].append((begin, end, f"{tree.file}:{tree.line(path)}"))


def _is_day(text: str) -> bool:
    return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None


def refuse_policy_sections(tree: Tree) -> None:
    """A case file must contain only cases, because policy sections in it would not be read."""
    for section in (*SECTIONS, *LATER_SECTIONS):
        if isinstance(tree.data, Mapping) and section in tree.data:
            tree.problem(
                (section,), found=f"the section {section} in a case file", wanted="only cases",
                hint="the name of a policy file does not end in .test.yaml", key=True,
            )  # fmt: skip


def refuse_duplicate_names(trees: Iterable[Tree], section: str) -> None:
    """Names must be unique in the folder, because messages and the ledger identify a rule by its name."""
    first: dict[str, str] = {}
    for tree in trees:
        for path, entry in entries(tree, section):
            name = entry.get("name")
            if not isinstance(name, str):
                continue
            at = (*path, "name")
            if name in first:
                tree.problem(at, found=f"the name {quoted(name)} a second time (first in {first[name]})", wanted="a unique name")
            else:
                first[name] = f"{tree.file}:{tree.line(at)}"


def refuse_unknown_rules(trees: Iterable[Tree]) -> None:
    """A waiver must name rules of the folder: otherwise nobody would notice that a misspelt rule is not waived."""
    rules = [rule for tree in trees for _, rule in entries(tree, "rules")]
    names = (rule.get("name") for rule in rules)
    known = list(dict.fromkeys(name for name in names if isinstance(name, str)))  # duplicates are reported elsewhere
    for tree in trees:
        for path, waiver in entries(tree, "waivers"):
            for name in waived if isinstance(waived := listed(waiver.get("rule")), list) else []:
                if isinstance(name, str) and name not in known:
                    of_kind = [str(rule.get("name")) for rule in rules if name in RULE_KINDS and rule.get("rule") == name]
                    hint = f"that is a kind of rule; its name here is {some_of(of_kind)}" if of_kind else ""
                    wanted = f"one of {some_of(known) or 'no rule'}"
                    tree.problem(
                        (*path, "rule"), found=f"the unknown rule {quoted(name)}", wanted=wanted, hint=hint, meant=(name, known)
                    )


def refuse_second_section(trees: Iterable[Tree], section: str) -> None:
    """A section for the whole account must be in one file only."""
    having = [tree for tree in trees if isinstance(tree.data, Mapping) and section in tree.data]
    for tree in having[1:]:
        found = f"{section} a second time (first in {having[0].file})"
        tree.problem((section,), found=found, wanted=f"{section} in one file only", key=True)


def _check_action(tree: Tree, path: Path, rule: Mapping[str, Any], mode: Any) -> None:
    if mode == "enforce" and "action" not in rule:
        at = (*path, "mode") if "mode" in rule else path  # the mode may be from the defaults
        tree.problem(at, found="mode enforce without an action", wanted="action: stop, action: repair or mode: warn")
    if mode in ("audit", "warn") and "action" in rule:
        tree.problem((*path, "action"), found=f"an action in mode {mode}", wanted="mode: enforce or no action", key=True)
    for name in ROLL_OUT:
        if mode in ("audit", "warn") and name in rule:
            tree.problem((*path, name), found=f"{name} in mode {mode}", wanted=f"mode: enforce or no {name}", key=True)


def _check_options(tree: Tree, path: Path, rule: Mapping[str, Any]) -> None:
    kind, options = rule.get("rule"), rule.get("options", {})
    if not isinstance(options, Mapping):
        return
    if not isinstance(kind, str) or kind not in RULE_KINDS:
        known = tuple(sorted({key for model in OPTIONS.values() for key in keys_of(model)}))
        for key in options.keys() - set(known):
            unknown_key(tree, (*path, "options", key), known)
        return
    try:
        OPTIONS[kind].model_validate(options)
    except ValidationError as error:
        validation_errors(error, OPTIONS[kind], tree, (*path, "options"))
    if kind == MAX_WAIT_LIMIT.id and not {"at_most", "times_runtime"} & options.keys():
        tree.problem((*path, "options"), found="no limit", wanted="at_most, times_runtime or both")


def _check_when(tree: Tree, path: Path, text: Any) -> None:
    """Parse an expression, and check it against the fields of a training job."""
    if not isinstance(text, str) or len(text) > WHEN_MAX or tree.full:
        return  # validation reports it
    try:
        compile_when(text)
    except BadWhen as error:
        place = tree.within(path, text, error.at, error.end)
        suggestions = similar_words(error.word, error.words) if error.word else ()
        tree.at(
            place, path, found=error.found, wanted=error.wanted, hint=error.hint, suggestions=suggestions, code="bad-expression"
        )


def _check_repair(tree: Tree, path: Path, rule: Mapping[str, Any]) -> None:
    """A repair must have what it needs from the policy, and some kinds of rule have no repair."""
    kind, given = rule.get("rule"), rule.get("repair")
    if rule.get("action") != RuleAction.REPAIR:
        if given is not None:
            tree.problem((*path, "repair"), found="repair without action: repair", wanted="action: repair or no repair")
        return
    known = given if isinstance(given, Mapping) else {}
    if isinstance(kind, str) and kind in NOT_REPAIRABLE:
        at = (*path, "action")
        tree.problem(at, found=f"action: repair for {kind}", wanted="action: stop", hint=NOT_REPAIRABLE[kind])
    if kind in NEEDS_PREFIX and "checkpoint" not in known:
        wanted = "repair: {checkpoint: s3://bucket/{team}/{family}/}"
        tree.problem(path, found=f"action: repair for {kind} without a checkpoint template", wanted=wanted)
    options = rule.get("options")
    if kind == TAGS_REQUIRED.id and isinstance(options, Mapping):
        missing = [tag for tag in _texts(options.get("tags")) if tag not in mapping(known.get("tags"))]
        if missing:
            at, found = (*path, "repair", "tags"), f"no value for {', '.join(missing)}"
            tree.problem(at, found=found, wanted="a value for each required tag")


def _check_causes(tree: Tree, path: Path, causes: Any) -> None:
    if not isinstance(causes, Mapping):
        return
    if not causes:
        tree.problem(path, found="an empty map", wanted="at least one cause such as starved, capacity or internal")
    for cause, budget in mapping(causes).items():
        _check_backoff(tree, (*path, cause, "backoff"), mapping(budget).get("backoff", {}))
        if cause in (FailureCause.ALGORITHM, FailureCause.CLIENT):
            _check_reasons(tree, (*path, cause, "reasons"), FailureCause(cause), mapping(budget).get("reasons"))


def _check_backoff(tree: Tree, path: Path, found: Any) -> None:
    try:
        backoff = Backoff.model_validate(found)
    except ValidationError:
        return  # validation of the file reports it
    if backoff.most < backoff.first:
        found = f"most ({backoff.most}s) shorter than first ({backoff.first}s)"
        tree.problem(path, found=found, wanted="most at least as long as first")


def _check_reasons(tree: Tree, path: Path, cause: FailureCause, reasons: Any) -> None:
    """A reason must be of its budget's cause, because one of another cause would never match."""
    for index, reason in enumerate(_texts(reasons)):
        actual = classify(reason)
        if ":" in reason and actual is not cause:
            tree.problem((*path, index), found=f"{reason!r}, a reason of cause {actual}", wanted=f"a reason of cause {cause}")


def _check_ladder(tree: Tree, path: Path, ladder: Any, *, on_demand: Any) -> None:
    """A ladder may have ``same`` only first and ``on-demand`` only last, and must not repeat a step."""
    if not isinstance(ladder, list):
        return
    words = [next(iter(step), "") if isinstance(step, Mapping) else step for step in ladder]
    below: set[Any] = set()
    for index, word in enumerate(word if isinstance(word, str) else "" for word in words):
        at = (*path, index)
        if not word:
            continue  # validation reports it
        if word in below and word not in ONCE:
            tree.problem(at, found=f"{word} a second time", wanted="each step once")
        elif "on-demand" in below:
            tree.problem(at, found=f"{word} after on-demand", wanted="on-demand as the last step")
        elif word == "same" and below:
            tree.problem(at, found="same after another step", wanted="same as the first step")
        if word == "on-demand" and on_demand is False:
            tree.problem(at, found="the step on-demand with on_demand: false", wanted="no such step or on_demand: true")
        below.add(word)
    _refuse_repeats(tree, path, ladder)


def _refuse_repeats(tree: Tree, path: Path, ladder: list[Any]) -> None:
    seen: set[str] = set()
    for index, step in enumerate(ladder):
        for word, what in ONCE.items():
            for number, value in enumerate(_texts(mapping(step).get(word))):
                if value in seen:
                    at = (*path, index, word, number)
                    tree.problem(at, found=f"{value} a second time", wanted=f"each {what} once")
                seen.add(value)


def _texts(found: Any) -> list[str]:
    """The texts in a list, or one text as a list. Validation reports anything else."""
    entries = listed(found)
    return [entry for entry in entries if isinstance(entry, str)] if isinstance(entries, list) else []


def mapping(found: Any) -> Mapping[str, Any]:
    """The value if it is a map, otherwise an empty map. Validation reports anything else."""
    return found if isinstance(found, Mapping) else {}


def entries(tree: Tree, section: str) -> list[tuple[Path, Mapping[str, Any]]]:
    """The entries of a section, each with its path. Validation reports entries that are not maps."""
    found = tree.data.get(section) if isinstance(tree.data, Mapping) else None
    listed_ = found if isinstance(found, list) else []
    return [((section, index), entry) for index, entry in enumerate(listed_) if isinstance(entry, Mapping)]
