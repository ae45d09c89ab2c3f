"""Evaluates the compiled expression of a rule (``when:``) for one job. ``controller.policyfile.when`` parses and checks the text.

The result is True, False, or None: the job's document lacks a member that decides it, and the rule is undecided.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from controller.units.value import dataclass

Path = tuple[str, ...]
ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A compiled expression: its ``text`` as written, and its syntax ``tree`` as nested lists.

    ``fields`` are the members of a job's description that it reads, each with whether a request may contain it.
    """

    text: str
    fields: Mapping[Path, bool]
    tree: Sequence[Any]

    def holds(self, members: Mapping[Path, Any]) -> bool | None:
        """Whether the expression is true for a job. A member whose value is None is not set; one that is absent is unknown."""
        return _condition(self.tree, members)


def when_of(found: Mapping[str, Any]) -> When:
    """Read the ``when`` of a compiled rule."""
    return When(text=found["text"], fields={tuple(path): requested for path, requested in found["fields"]}, tree=found["tree"])


class _Unknown:
    """The type of ``UNKNOWN``: the value of a member that the document does not contain."""


UNKNOWN = _Unknown()


def _condition(node: Sequence[Any], members: Mapping[Path, Any]) -> bool | None:
    match node[0]:
        case "and":
            answers = [_condition(part, members) for part in node[1:]]
            return False if False in answers else None if None in answers else True
        case "or":
            answers = [_condition(part, members) for part in node[1:]]
            return True if True in answers else None if None in answers else False
        case "not":
            answer = _condition(node[1], members)
            return None if answer is None else not answer
        case "has":
            value = _value(node[1], members)
            return None if value is UNKNOWN else value is not None
        case "any" | "all":
            return _quantified(node, members)
        case "field" | "default":
            value = _value(node, members)
            return value if isinstance(value, bool) else None
        case sign:
            return _compare(sign, _value(node[1], members), _value(node[2], members))


def _quantified(node: Sequence[Any], members: Mapping[Path, Any]) -> bool | None:
    sign, field, constant = node[1]
    values = _value(field, members)
    if values is UNKNOWN:
        return None
    listed = values if isinstance(values, list | tuple) else ()
    answers = [_compare(sign, value, constant[1]) for value in listed]
    decisive = node[0] == "any"
    return decisive if decisive in answers else None if None in answers else not decisive


def _value(node: Sequence[Any], members: Mapping[Path, Any]) -> Any:
    match node[0]:
        case "constant":
            return node[1]
        case "field":
            return members.get(tuple(node[1]), UNKNOWN)
        case "default":
            value = _value(node[1], members)
            return node[2][1] if value is None else value
        case "count":
            value = _value(node[1], members)
            return 0 if value is None else len(value) if isinstance(value, list | tuple | Mapping) else UNKNOWN
        case _:
            return UNKNOWN


def _compare(sign: str, left: Any, right: Any) -> bool | None:
    """Compare two values; None if one is unknown or not set, or if their types do not fit the operator."""
    if left is UNKNOWN or right is UNKNOWN or left is None or right is None:
        return None
    if sign == "in":
        return any(_same(left, one) for one in right) if isinstance(right, list | tuple) else None
    if _kind(left) != _kind(right):
        return None
    if sign == "matches":
        return fnmatchcase(left, right) if isinstance(left, str) else None
    if sign in ORDERS:
        return ORDERS[sign](left, right) if _kind(left) == "number" else None
    return _same(left, right) is (sign == "==")


def _same(left: Any, right: Any) -> bool:
    return _kind(left) == _kind(right) and bool(left == right)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, int | float) else "text" if isinstance(value, str) else "other"
