"""Warns about expressions that are true of no job: parts joined with ``and`` that cannot hold together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from controller.policyfile.problem import Problem
from controller.policyfile.warnings.entry import Whole

CODE = "matches-no-job"
MIRRORED: Mapping[str, str] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def never_true(whole: Whole) -> Iterator[Problem]:
    for rule in whole.rules:
        when = rule.compiled.get("when")
        if when is not None and _impossible(when["tree"]):
            yield rule.warning(
                CODE, "when", found="parts of an expression that cannot hold together, so it is true of no job",
                wanted="or between them, or no such rule",
            )  # fmt: skip


def _impossible(node: Any) -> bool:
    """Whether a condition is false whatever the job. What is not certain counts as possible."""
    match node:
        case ["or", *parts]:
            return all(map(_impossible, parts))
        case ["and", *parts]:
            return any(map(_impossible, parts)) or _clash(list(_facts(node)))
    return False


def _facts(node: Any) -> Iterator[Any]:
    """What must hold for a condition to hold."""
    if node[0] == "and":
        for part in node[1:]:
            yield from _facts(part)
    else:
        yield node


def _clash(facts: list[Any]) -> bool:
    said = {json.dumps(fact) for fact in facts}
    if any(json.dumps(fact[1]) in said for fact in facts if fact[0] == "not"):
        return True
    equal: dict[str, set[str]] = {}
    least: dict[str, list[tuple[float, bool]]] = {}
    most: dict[str, list[tuple[float, bool]]] = {}
    for sign, field, value in filter(None, map(_compared, facts)):
        if sign == "==":
            equal.setdefault(field, set()).add(json.dumps(value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            if sign in (">", ">=", "=="):
                least.setdefault(field, []).append((value, sign == ">"))
            if sign in ("<", "<=", "=="):
                most.setdefault(field, []).append((-value, sign == "<"))
    if any(len(values) > 1 for values in equal.values()):
        return True
    for field in least.keys() & most.keys():
        (low, above), (high, below) = max(least[field]), max(most[field])
        if low > -high or (low == -high and (above or below)):
            return True
    return False


def _compared(fact: Any) -> tuple[str, str, Any] | None:
    """The sign, the field and the constant of a comparison; None for any other condition."""
    match fact:
        case [sign, ["constant", value], ["field" | "default" | "count", *_] as field] if sign in MIRRORED:
            return MIRRORED[sign], json.dumps(field), value
        case [sign, ["field" | "default" | "count", *_] as field, ["constant", value]] if sign in MIRRORED:
            return sign, json.dumps(field), value
    return None
