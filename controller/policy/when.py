"""Evaluates the compiled expression of a rule (``when:``) for one job. Nothing here reads text: the compiler has checked it.

An answer may be None: where a document does not say what is asked, the rule is undecided.
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
    """``fields`` are the members of a job's description that the expression reads, and whether a request may contain them."""

    text: str
    fields: Mapping[Path, bool]
    tree: Sequence[Any]

    def holds(self, members: Mapping[Path, Any]) -> bool | None:
        """Whether it is true of a job with these members. A member that is None is lacking, an absent one is unknown."""
        return _condition(self.tree, members)


def when_of(found: Mapping[str, Any]) -> When:
    """Read the ``when`` of a compiled rule."""
    return When(text=found["text"], fields={tuple(path): requested for path, requested in found["fields"]}, tree=found["tree"])


class _Unknown:
    """A value that the document does not say."""


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
    """None where a value is unknown or missing, or of another type than SageMaker's model says."""
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
