"""Turns pydantic's errors into problems with the lines and keys of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from controller.policyfile.problem import Path, quoted
from controller.policyfile.rule_options import OPTIONS
from controller.policyfile.similar_words import similar_words
from controller.policyfile.yaml_hints import yaml_hint
from controller.policyfile.yaml_nodes import Tree

WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "text or a list",
    "dict_type": "a map of KEY: VALUE",
    "model_type": "a map of KEY: VALUE",
    "model_attributes_type": "a map of KEY: VALUE",
    "too_short": "at least one entry",
    "finite_number": "a finite number",
}
LISTS_ALONE = ("rules", "resubmit", "waivers", "rates", "cases", "others")  # one text does not count as these lists
NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?")
WORDS_FOR_CHANNEL = (
    "notify",
    "notification",
    "notifications",
    "topic",
    "sns",
    "sns_topic",
    "slack",
    "slack_channel",
    "to",
    "send_to",
)
OF_A_KEY = "[key]"  # pydantic's mark for the key of a map in a path


def validation_errors(error: ValidationError, model: type[BaseModel], tree: Tree, above: Path = ()) -> None:
    """Add a problem to the tree for each error; ``above`` is the path of the value that was validated."""
    for one in error.errors(include_url=False):
        key = bool(one["loc"]) and one["loc"][-1] == OF_A_KEY
        where: Path = one["loc"][:-1] if key else one["loc"]
        path, found, context = above + where, one["input"], one.get("ctx", {})
        match one["type"]:
            case "missing":
                tree.problem(path[:-1], found=f"no key {path[-1]!r}", wanted=f"{path[-1]}: and its value", code="missing-key")
            case "extra_forbidden":
                known = keys_of(_model_at(model, where[:-1]))
                unknown_key(tree, path, known)
            case "unlike":
                hint = context["hint"] or _hint("unlike", path, found) or _without_quotes(tree, path, found, context["wanted"])
                meant = (context["word"] if context["word"] is not None else found, context["words"])
                tree.problem(path, found=tree.written(path, found), wanted=context["wanted"], hint=hint, meant=meant, key=key)
            case "greater_than_equal":
                tree.problem(path, found=tree.written(path, found), wanted=f"at least {context['ge']:g}")
            case "less_than_equal":
                tree.problem(path, found=tree.written(path, found), wanted=f"at most {context['le']:g}")
            case "too_long":
                found, wanted = f"{context['actual_length'] or 'too many'} entries", f"at most {context['max_length']}"
                tree.problem(path, found=found, wanted=wanted)
            case kind:
                wanted = WANTED.get(kind, one["msg"])
                if kind == "list_type" and path[-1:] and path[-1] in LISTS_ALONE:
                    wanted = "a list, whose entries begin with '- '"
                hint = _hint(kind, path, found) or _without_quotes(tree, path, found, wanted)
                words = ("true", "false") if kind == "bool_type" and not hint else ()
                tree.problem(path, found=tree.written(path, found), wanted=wanted, hint=hint, meant=(found, words), key=key)


def unknown_key(tree: Tree, path: Path, known: tuple[str, ...]) -> None:
    """Add a problem for an unknown key; ``known`` are the keys that are allowed there."""
    wanted = f"one of {', '.join(known)}" if known else "no keys"
    found, meant = f"unknown key {quoted(str(path[-1]))}", (str(path[-1]).strip(), known)
    known_word = bool(similar_words(*meant))
    other = "" if known_word else _other_word(meant[0], known) or _habit_hint(path, known) or _option_hint(path)
    hint = yaml_hint("", str(path[-1])) or other or _comma_hint(tree, path)
    tree.problem(path, found=found, wanted=wanted, hint=hint, meant=meant, key=True, code="unknown-key")


TAG_SHOWN_MAX = 40  # characters of an unknown key that may be meant as a tag's key
HABITS: Mapping[str, str] = {  # unknown key → hint: keys of other policy languages, and keys that people expect
    "<<": "merge keys are not read: write the keys of each entry out",
    "policies": "the rules are below rules:",
    "kind": "write rule: and the kind",
    "type": "write rule: and the kind",
    "if": "write when:",
    "condition": "write when:",
    "expression": "write when:",
    "filters": "select jobs with match:",
    "selector": "select jobs with match:",
    "conditions": "use match: and when:",
    "actions": "a rule has one action: stop or repair, with mode: enforce",
    "enabled": "write mode: audit for a rule that only records",
    "disabled": "write mode: audit for a rule that only records",
    "description": "write a comment with #, or docs: and an address",
    "retry": "write causes: with a budget for each, such as starved: {limit: 3}",
    "retries": "write limit:",
    "now": "write at:",
    "time": "write at:",
    "until": "write expires:",
    "end": "write expires:",
    "expiry": "write expires:",
    "starts": "a waiver counts from when its policy is in force until it expires",
    "interrupted": "an attempt that lost its spot capacity and did not finish has the cause starved",
    "preempted": "an attempt that lost its spot capacity and did not finish has the cause starved",
    "spot": "an attempt that lost its spot capacity and did not finish has the cause starved",
    "oom": "a job without enough memory has the cause memory",
    "timeout": "a job that reached MaxRuntimeInSeconds has the cause overran",
    "from": "a waiver counts from when its policy is in force until it expires",
}

NEEDS: Mapping[str, str] = {  # these hints are given only where another key is known
    "kind": "rule", "type": "rule", "if": "when", "condition": "when", "expression": "when", "starts": "expires",
    "from": "expires", "until": "expires", "end": "expires", "expiry": "expires", "now": "at", "time": "at", "retries": "limit",
    "interrupted": "starved", "preempted": "starved", "spot": "starved", "oom": "memory", "timeout": "overran",
}  # fmt: skip


def _habit_hint(path: Path, known: tuple[str, ...]) -> str:
    key = str(path[-1]).lower()
    if path[-2:-1] == ("match",) and len(key) <= TAG_SHOWN_MAX:
        return f"a tag is selected with tags: {{{path[-1]}: …}}"
    if key in NEEDS and NEEDS[key] not in known:
        return ""
    return HABITS.get(key, "")


def _comma_hint(tree: Tree, path: Path) -> str:
    """A hint for a key without a value after a comma: the rest of a list without brackets, or of a number with a comma."""
    if tree.at_path(path) is not None or str(path[-1]) + ":" in tree.source(tree.line(path)):
        return ""
    if ")" in str(path[-1]):
        return "put the expression in quotes: within braces, a comma ends it"
    number = str(path[-1]).isdigit()
    return "write a number without a comma" if number else "write a list with brackets, such as [team, owner]"


def _other_word(found: str, known: tuple[str, ...]) -> str:
    """A hint for a key that other programs use for the channel of messages; empty for other keys."""
    if "channel" in known and found.lower() in WORDS_FOR_CHANNEL:
        return 'write channel: "#name", or channel: with the ARN of an SNS topic'
    return ""


def _option_hint(path: Path) -> str:
    """A hint for a key of a rule that belongs below ``options``; empty for other keys."""
    if len(path) != 3 or path[0] != "rules":
        return ""
    options = {key for model in OPTIONS.values() for key in keys_of(model)}
    near = similar_words(path[-1], sorted(options))
    return f"write options below options:, such as options: {{{near[0]}: …}}" if near else ""


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of a map, as they are written in files."""
    return tuple(sorted(field.alias or name for name, field in model.model_fields.items()))


def _hint(kind: str, path: Path, found: object) -> str:
    if found is None and path and path[-1] == "channel":
        return '# starts a comment unless it is quoted: write "#name"'
    if isinstance(found, str) and found[:1] in TYPOGRAPHIC:
        return "write plain quotes, or none"
    if path[-1:] == ("mode",) and (isinstance(found, dict) or (isinstance(found, str) and found.endswith("%"))):
        return "share: 10% is a key of the rule, beside mode"
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return _form(path, found)
    if kind in ("string_type", "list_type"):
        match found:
            case bool():
                return "quote text that YAML reads as true or false"
            case int() | float():
                return "quote text that looks like a number"
            case date():
                return "quote text that looks like a date"
    return ""


FORMS: Mapping[str, str] = {  # examples of maps, by key
    "tags": "tags: {team: vision}", "causes": "causes: {starved: {limit: 3}}", "backoff": "backoff: {first: 5m, most: 2h}",
    "deadline": "deadline: {finish_within: 24h}", "cap": "cap: {lineage_usd: 50}", "options": "options: {runtime_over: 30m}",
    "interruptions": "interruptions: {more_than: 5, within: 2h}", "surprise": "surprise: {jobs: 20, of_last_day: 25%}",
    "repair": 'repair: {checkpoint: "s3://bucket/{job}/"}', "defaults": "defaults: {mode: audit}",
    "brakes": "brakes: {stops_per_hour: 20}", "digest": 'digest: {at: "08:00", timezone: UTC}',
    "channels": 'channels: {vision: "#ml-vision"}', "people": "people: {alice: U012AB3CD}",
}  # fmt: skip
TYPOGRAPHIC = ("“", "”", "„", "‘", "’", "«")


def _form(path: Path, found: object) -> str:
    """A hint with an example, for a value that should be a map."""
    if isinstance(found, str) and re.match(r"[A-Za-z_-]+:\S", found):
        return "write KEY: VALUE, with a space after the colon"
    if path[-2:-1] == ("causes",):
        return f"such as {path[-1]}: {{limit: {found if isinstance(found, int) else 3}}}"
    return f"such as {FORMS[str(path[-1])]}" if path and path[-1] in FORMS else ""


def _without_quotes(tree: Tree, path: Path, found: object, wanted: str) -> str:
    """A hint for a number or a boolean in quotes, which is text in YAML; empty if the quotes are not the mistake."""
    if not isinstance(found, str) or not tree.in_quotes(path):
        return ""
    is_number = "number" in wanted or wanted.startswith("1,")
    if wanted == WANTED["bool_type"] and found.lower() in ("yes", "no", "on", "off"):
        return f"text in quotes: write {'true' if found.lower() in ('yes', 'on') else 'false'}"
    fits = (is_number and NUMBER.fullmatch(found)) or (wanted == WANTED["bool_type"] and found.lower() in ("true", "false"))
    return f"text in quotes: write {found.lower()} without them" if fits else ""


def _model_at(model: type[BaseModel], where: Path) -> type[BaseModel]:
    """The model that describes the value at a path."""
    for part in where:
        if isinstance(part, str):
            field = next((f for name, f in model.model_fields.items() if part in (name, f.alias)), None)
            if field is not None:
                model = next(_models(field.annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
