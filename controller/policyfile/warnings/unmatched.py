"""Warns about rules, blocks and waivers that no training job can match, and rules that no training job can break."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.jobs.algorithm import AlgorithmClass
from controller.jobs.directives import RUNTIME_S_MAX
from controller.jobs.instance import instance_types
from controller.policy.rules.checkpoint_required import CHECKPOINT_REQUIRED
from controller.policy.rules.instance_allowed import INSTANCE_ALLOWED
from controller.policy.rules.max_runtime_limit import MAX_RUNTIME_LIMIT
from controller.policy.rules.tags_required import TAGS_REQUIRED
from controller.policy.rules.uncheckpointed_cap import UNCHECKPOINTED_CAP
from controller.policy.selector import NO_TAG
from controller.policyfile.problem import Problem
from controller.policyfile.usage_types import REGIONS
from controller.policyfile.warnings.placed_warning import Entry, Whole
from controller.policyfile.warnings.selectors import is_literal, known_types
from controller.policyfile.when.values import WILD

TYPE = "an instance type of SageMaker training, or a glob that matches some"
CODE, UNBREAKABLE = "matches-no-job", "never-broken"
LITERALS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "name": (
        re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"),
        "a job's name: at most 63 letters, digits and hyphens",
    ),
    "role": (re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+"), "the ARN of a role, or its name"),
    "account": (re.compile(r"\d{12}"), "the twelve digits of an account"),
    "region": (
        re.compile(r"[a-z]{2,4}(-[a-z]+)*-(central|(north|south)?(east|west)|north|south)-\d"),
        "a region such as eu-west-1",
    ),
}
LETTERS: Mapping[str, re.Pattern[str]] = {
    "name": re.compile(r"[a-zA-Z0-9-]*"), "account": re.compile(r"\d*"), "region": re.compile(r"[a-z0-9-]*"),
    "role": re.compile(r"[^|^$()\\\s\u0080-\uffff]*"),
}  # fmt: skip
CANNOT_CHECKPOINT = frozenset({AlgorithmClass.MARKETPLACE, AlgorithmClass.BUILT_IN})  # all or some algorithms of these classes


def matches_no_job(whole: Whole) -> Iterator[Problem]:
    for entry in (*whole.rules, *whole.blocks, *whole.waivers):
        yield from _selects_nothing(entry)
    for rule in whole.rules:
        yield from _never_broken(rule)


def _selects_nothing(entry: Entry) -> Iterator[Problem]:
    match = entry.compiled["match"]
    for name, (form, wanted) in LITERALS.items():
        for index, pattern in enumerate(match.get(name, ())):
            letters = LETTERS.get(name)
            if (is_literal(pattern) and form.fullmatch(pattern) is None) or (
                letters is not None and letters.fullmatch(WILD.sub("", pattern)) is None
            ):
                words = entry.tree.similar(pattern, REGIONS.values()) if name == "region" else ()
                found = f"{name} {pattern!r}, which no job has"
                yield entry.warning(CODE, "match", name, index, found=found, wanted=wanted, suggestions=words)
    for index, pattern in enumerate(match.get("instance_type", ())):
        if not known_types([pattern]):
            found, wanted = f"instance_type {pattern!r}, which no job has", TYPE
            yield entry.warning(
                CODE, "match", "instance_type", index, found=found, wanted=wanted, suggestions=_meant_type(entry, pattern)
            )


def _never_broken(rule: Entry) -> Iterator[Problem]:
    options: Mapping[str, Any] = rule.compiled["options"]
    algorithms = set(rule.compiled["match"].get("algorithm", ()))
    match rule.compiled["kind"]:
        case MAX_RUNTIME_LIMIT.id if options["at_most_s"] >= RUNTIME_S_MAX:
            found = "a limit that no job exceeds: SageMaker refuses a MaxRuntimeInSeconds above 28 days"
            yield rule.warning(UNBREAKABLE, "options", "at_most", found=found, wanted="a shorter limit, or no such rule")
        case INSTANCE_ALLOWED.id if {"*", "ml.*"} & set(options["instance_types"]):
            yield rule.warning(
                UNBREAKABLE, "options", "instance_types",
                found="globs that match every instance type", wanted="the types that are allowed, or no such rule",
            )  # fmt: skip
        case INSTANCE_ALLOWED.id if _types_within(rule.compiled["match"].get("instance_type", ()), options["instance_types"]):
            yield rule.warning(
                UNBREAKABLE, "match", "instance_type",
                found="instance types that are all allowed", wanted="other types, or no instance_type in match",
            )  # fmt: skip
        case TAGS_REQUIRED.id if set(options["tags"]) <= _with_values(rule.compiled["match"].get("tags", {})):
            yield rule.warning(
                UNBREAKABLE, "match", "tags",
                found="jobs that have each tag of the rule", wanted="other tags, or no such tags in match",
            )  # fmt: skip
        case INSTANCE_ALLOWED.id:
            for index, pattern in enumerate(options["instance_types"]):
                if not known_types([pattern]):
                    found, words = f"{pattern!r}, which no instance type matches", _meant_type(rule, pattern)
                    yield rule.warning(
                        "does-nothing", "options", "instance_types", index, found=found, wanted=TYPE, suggestions=words
                    )
        case UNCHECKPOINTED_CAP.id if algorithms and not (algorithms & CANNOT_CHECKPOINT or options["without_config"]):
            yield rule.warning(
                UNBREAKABLE, "match", "algorithm",
                found="algorithms that can checkpoint, for a rule about those that cannot",
                wanted="built-in or marketplace among them, or options: {without_config: true}",
            )  # fmt: skip
        case CHECKPOINT_REQUIRED.id if algorithms == {AlgorithmClass.MARKETPLACE} and options["only_capable"]:
            yield rule.warning(
                UNBREAKABLE, "match", "algorithm",
                found="algorithms that cannot checkpoint, for a rule about those that can",
                wanted="other algorithms, or options: {only_capable: false}",
            )  # fmt: skip
        case _:
            return


def _meant_type(entry: Entry, pattern: str) -> tuple[str, ...]:
    """The instance types that a text may mean; empty for a glob."""
    return entry.tree.similar(pattern, sorted(instance_types())) if is_literal(pattern) else ()


def _types_within(selected: Sequence[str], allowed: Sequence[str]) -> bool:
    """Whether a rule selects instance types, and all of them are allowed."""
    types = known_types(selected)
    return bool(types) and types <= known_types(allowed)


def _with_values(tags: Mapping[str, Sequence[str]]) -> set[str]:
    """The tags that every selected job has."""
    return {key for key, values in tags.items() if NO_TAG not in values}
