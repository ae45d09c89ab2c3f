"""Compiles an expression to the JSON that ``controller.policy.when`` evaluates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from controller.policyfile.when.check import check
from controller.policyfile.when.fields import field_shape
from controller.policyfile.when.other_languages import habit_hint
from controller.policyfile.when.syntax import BadWhen, Node, Part, parse


@lru_cache(maxsize=1000)  # a text is compiled when its rule is checked, and again when the folder is compiled
def compile_when(text: str) -> Mapping[str, Any]:
    """The text, its tree, and the fields that it reads, each with whether a request may contain it. Raises BadWhen."""
    try:
        tree = parse(text)
        check(tree)
    except BadWhen as error:
        if habit := habit_hint(text, error.at):
            error.hint, error.words = habit, ()
        raise
    fields: dict[tuple[str, ...], bool] = {}
    compiled = _compiled(tree, fields)
    return {"text": text, "fields": [[list(path), requested] for path, requested in fields.items()], "tree": compiled}


def _compiled(node: Node, fields: dict[tuple[str, ...], bool]) -> list[Any]:
    inner = [_compiled(part, fields) for part in node.parts]
    match node.kind:
        case Part.FIELD:
            fields[node.path] = field_shape(node).requested
            return ["field", list(node.path)]
        case Part.AND | Part.OR | Part.NOT:
            return [node.kind.value, *inner]
        case Part.COMPARE:
            return [node.value, *inner]
        case Part.CALL:
            return [node.value, *inner]
        case Part.LIST:
            return ["constant", [part.value for part in node.parts]]
        case _:
            return ["constant", node.value]
