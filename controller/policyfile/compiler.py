"""Compiles a folder of policy files to the one JSON document that ``controller.policy.load`` reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path as Folder
from typing import Any

from pydantic import ValidationError

from controller.policy import Remedy, RungKind
from controller.policyfile.explain import explain
from controller.policyfile.nodes import Tree, read
from controller.policyfile.problem import BadPolicy, Path, Problem, shown
from controller.policyfile.schema import (
    OPTIONS,
    Backoff,
    Block,
    BrakesEntry,
    BudgetEntry,
    DeadlineEntry,
    Defaults,
    File,
    Match,
    OtherSubnets,
    OtherTypes,
    RuleEntry,
)
from controller.rules import KINDS

NEEDS_PREFIX = ("checkpoint-required", "checkpoint-exclusive")
NOT_REPAIRABLE = ("instance-allowed", "checkpoint-alive")
SUFFIXES = (".yaml", ".yml")


def compile_folder(path: str | Folder) -> dict[str, Any]:
    """Compile all files of a folder, in the order of their names. Raise BadPolicy with every problem of every file.

    The order counts: a job is submitted again by the first ``resubmit`` block that selects it. ``revision`` is a hash of the
    content, so comments and the order of keys do not change it.
    """
    trees = [_tree(file) for file in _files(Folder(path))]
    files = [_file(tree) for tree in trees]
    for section in ("rules", "resubmit"):
        _refuse_namesakes(trees, section)
    _refuse_second_brakes(trees)
    if problems := [problem for tree in trees for problem in tree.problems]:
        raise BadPolicy(problems)
    whole = [file for file in files if file is not None]
    content = {
        "channel": _channel(whole),
        "brakes": next((_brakes(file.brakes) for file in whole if file.brakes is not None), {}),
        "rules": [_rule(rule, file.defaults) for file in whole for rule in file.rules or ()],
        "resubmit": [_block(block, file.defaults) for file in whole for block in file.resubmit or ()],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return {"revision": hashlib.sha256(canonical.encode()).hexdigest()[:12], **content}


def as_text(document: Mapping[str, Any]) -> str:
    """The document as it is kept in a repository: a change of one rule is a change of few lines."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _files(folder: Folder) -> list[Folder]:
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise BadPolicy([Problem(file=str(folder), line=1, path="", found=found, wanted="a folder of policy files")])
    files = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raise BadPolicy([Problem(file=str(folder), line=1, path="", found="no policy file", wanted="files named *.yaml")])
    return files


def _tree(file: Folder) -> Tree:
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        tree = Tree(file=str(file))
        tree.problem((), found=f"bytes that are not UTF-8 (at {error.start})", wanted="YAML in UTF-8")
        return tree
    tree = read(str(file), text)
    if tree.data is None and not tree.problems:
        tree.problem((), found="an empty file", wanted="version, defaults, and rules or resubmit")
    return tree


def _file(tree: Tree) -> File | None:
    """Validate one file; None where it is beyond reading, with the reasons in the tree."""
    if tree.data is None:
        return None
    if not isinstance(tree.data, Mapping):
        tree.problem((), found=shown(tree.data), wanted="a map with version, defaults, and rules or resubmit")
        return None
    _check_sense(tree)
    try:
        return File.model_validate(tree.data)
    except ValidationError as error:
        explain(error, File, tree)
        return None


def _check_sense(tree: Tree) -> None:
    """What no single value shows. It reads the raw data, so that it is told together with whatever else is wrong."""
    if "rules" not in tree.data and "resubmit" not in tree.data:
        tree.problem((), found="neither rules nor resubmit", wanted="at least one of them")
    defaults = tree.data.get("defaults")
    default_mode = defaults.get("mode", "audit") if isinstance(defaults, Mapping) else "audit"
    for path, rule in _entries(tree, "rules"):
        mode = rule.get("mode", default_mode)
        if mode == "enforce" and "action" not in rule:
            tree.problem(path, found="mode enforce without an action", wanted="action: stop, or mode: warn")
        if mode in ("audit", "warn") and "action" in rule:
            tree.problem((*path, "action"), found=f"an action in mode {mode}", wanted="mode: enforce, or no action")
        _check_options(tree, path, rule)
        _check_repair(tree, path, rule)
    for path, block in _entries(tree, "resubmit"):
        _check_causes(tree, (*path, "causes"), block.get("causes"))
        _check_ladder(tree, (*path, "ladder"), block.get("ladder"), on_demand=block.get("on_demand", True))


def _check_repair(tree: Tree, path: Path, rule: Mapping[str, Any]) -> None:
    """What a repair needs of the policy, and which kinds nothing can repair."""
    kind, given = rule.get("rule"), rule.get("repair")
    if rule.get("action") != Remedy.REPAIR:
        if given is not None:
            tree.problem((*path, "repair"), found="repair without action: repair", wanted="action: repair, or no repair")
        return
    if kind in NOT_REPAIRABLE:
        tree.problem(
            (*path, "action"), found=f"action: repair for {kind}", wanted="action: stop, as nobody may choose for the job"
        )
    known = given if isinstance(given, Mapping) else {}
    if kind in NEEDS_PREFIX and "checkpoint" not in known:
        wanted = "repair: {checkpoint: s3://bucket/{team}/{family}/}"
        tree.problem(path, found=f"action: repair for {kind} without a template", wanted=wanted)
    options = rule.get("options")
    if kind == "tags-required" and isinstance(options, Mapping):
        tags, named = options.get("tags", ()), known.get("tags", {})
        missing = [
            tag for tag in ([tags] if isinstance(tags, str) else tags) if not isinstance(named, Mapping) or tag not in named
        ]
        if missing:
            found = f"no value for {', '.join(map(str, missing))}"
            tree.problem((*path, "repair", "tags"), found=found, wanted="a value for each required tag")


def _check_ladder(tree: Tree, path: Path, ladder: Any, *, on_demand: Any) -> None:
    """A ladder is climbed once: it begins with the same, ends with on-demand, and has no step twice."""
    if not isinstance(ladder, list):
        return
    words = [next(iter(step), "") if isinstance(step, Mapping) else step for step in ladder]
    for index, word in enumerate(words):
        at = (*path, index)
        if word == "same" and index:
            tree.problem(at, found="same after another step", wanted="same first: a ladder is climbed, not descended")
        if word in words[:index] and word != "instance_types":
            tree.problem(at, found=f"{word} a second time", wanted="each step once")
        if word == "on-demand" and on_demand is False:
            tree.problem(at, found="a step on-demand where on_demand is false", wanted="no such step, or on_demand: true")
        if "on-demand" in words[:index]:
            tree.problem(at, found=f"{word} after on-demand", wanted="on-demand last: from there nothing needs another pool")
    types = [t for step in ladder if isinstance(step, Mapping) for t in _listed(step.get("instance_types", ()))]
    for twice in sorted({str(t) for t in types if types.count(t) > 1}):
        tree.problem(path, found=f"{twice} a second time", wanted="each instance type once")


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found] if isinstance(found, str) else []


def _check_options(tree: Tree, path: Path, rule: Mapping[str, Any]) -> None:
    kind, options = rule.get("rule"), rule.get("options", {})
    if not isinstance(kind, str) or kind not in KINDS or not isinstance(options, Mapping):
        return
    try:
        OPTIONS[kind].model_validate(options)
    except ValidationError as error:
        explain(error, OPTIONS[kind], tree, (*path, "options"))
    if kind == "max-wait-limit" and not {"at_most", "times_runtime"} & options.keys():
        tree.problem((*path, "options"), found="no limit", wanted="at_most, times_runtime or both")


def _check_causes(tree: Tree, path: Path, causes: Any) -> None:
    if not isinstance(causes, Mapping):
        return
    if not causes:
        tree.problem(path, found="an empty map", wanted="at least one of starved, capacity, internal")
    for cause, budget in causes.items():
        try:
            backoff = Backoff.model_validate(budget.get("backoff", {}) if isinstance(budget, Mapping) else {})
        except ValidationError:
            continue  # told with the rest of the file
        if backoff.most < backoff.first:
            found = f"most {backoff.most}s below first {backoff.first}s"
            tree.problem((*path, cause, "backoff"), found=found, wanted="most at least as long as first")


def _refuse_namesakes(trees: Iterable[Tree], section: str) -> None:
    """A rule's name is how people, messages and the ledger tell it apart: across the whole folder."""
    first: dict[str, str] = {}
    for tree in trees:
        for path, entry in _entries(tree, section):
            name = entry.get("name")
            if not isinstance(name, str):
                continue
            at = (*path, "name")
            if name in first:
                tree.problem(at, found=f"{name!r} a second time, first in {first[name]}", wanted="a name of its own")
            else:
                first[name] = f"{tree.file}:{tree.line(at)}"


def _refuse_second_brakes(trees: Iterable[Tree]) -> None:
    """Brakes are the account's: of two that differ, neither could be meant."""
    having = [tree for tree in trees if isinstance(tree.data, Mapping) and "brakes" in tree.data]
    for tree in having[1:]:
        tree.problem(("brakes",), found=f"brakes a second time, first in {having[0].file}", wanted="brakes in one file")


def _entries(tree: Tree, section: str) -> list[tuple[Path, Mapping[str, Any]]]:
    found = tree.data.get(section) if isinstance(tree.data, Mapping) else None
    entries = found if isinstance(found, list) else []
    return [((section, index), entry) for index, entry in enumerate(entries) if isinstance(entry, Mapping)]


def _channel(files: Iterable[File]) -> str:
    """Digests go to the channel of the first file that names one."""
    named = (file.defaults.channel for file in files if "channel" in file.defaults.model_fields_set)
    return next(named, Defaults().channel)


def _rule(rule: RuleEntry, defaults: Defaults) -> dict[str, Any]:
    given = OPTIONS[rule.rule].model_validate(rule.options).model_dump(by_alias=True, exclude_none=True)
    return {
        "name": rule.name,
        "kind": rule.rule,
        "options": _plain(asdict(KINDS[rule.rule].options(**given))),
        "match": _match(rule.match),
        "mode": rule.mode or defaults.mode,
        "severity": rule.severity or defaults.severity,
        "remedy": rule.action,
        "repair": rule.repair.model_dump(exclude_none=True) if rule.repair else {},
        "applies_to": rule.applies_to,
        "channel": rule.channel or defaults.channel,
    }


def _block(block: Block, defaults: Defaults) -> dict[str, Any]:
    return {
        "name": block.name,
        "match": _match(block.match),
        "mode": block.mode,
        "within_s": block.within,
        "causes": {cause: _budget(budget) for cause, budget in block.causes.by_cause().items()},
        "ladder": [_rung(rung) for rung in block.ladder or ()],
        "on_demand": block.on_demand,
        "patience": {"more_than": p.more_than, "within_s": p.within} if (p := block.interruptions) else None,
        "promise": _promise(block.deadline) if block.deadline else {},
        "cap_micros": block.cap.lineage_usd if block.cap else None,
        "team_month_cap_micros": block.cap.team_month_usd if block.cap else None,
        "channel": block.channel or defaults.channel,
    }


def _budget(budget: BudgetEntry) -> dict[str, Any]:
    """A budget under the names of ``controller.policy.Budget``."""
    backoff = budget.backoff
    own = budget.model_dump(include={"reasons", "instance_type", "volume_gb"})
    return {
        "limit": budget.limit,
        "first_s": backoff.first,
        "factor": backoff.factor,
        "most_s": backoff.most,
        "jitter": backoff.jitter,
        **{"beginnings" if name == "reasons" else name: value for name, value in own.items()},
    }


def _rung(rung: str | OtherTypes | OtherSubnets) -> dict[str, Any]:
    match rung:
        case OtherTypes():
            return {"kind": RungKind.INSTANCE_TYPES.value, "values": rung.instance_types}
        case OtherSubnets():
            return {"kind": RungKind.SUBNETS.value, "values": rung.subnets}
        case word:
            return {"kind": word, "values": []}


def _promise(deadline: DeadlineEntry) -> dict[str, Any]:
    """A deadline under the names of ``controller.policy.Promise``: spans end in _s."""
    spans = ("finish_within", "margin", "start", "restore", "upload", "checkpoint_every")
    return {f"{name}_s" if name in spans else name: value for name, value in deadline}


def _brakes(brakes: BrakesEntry) -> dict[str, Any]:
    return {"stops_per_h": brakes.stops_per_hour, "submissions_per_h": brakes.submissions_per_hour}


def _match(match: Match) -> dict[str, Any]:
    return match.model_dump(exclude_none=True)


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON reads it back: lists for tuples, so that a document equals its own copy."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
