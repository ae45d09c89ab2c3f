"""The values that a Python expression may have: calls, attributes of classes, and results of operations on known values."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from controller.cli.documents.found import FilledInLater

NUMBER_MAX = 10**15
BITS_MAX = 64  # bits of an integer literal
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip
CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {"int": int, "float": float, "str": str, "round": round}
DURATIONS = frozenset({"weeks", "days", "hours", "minutes", "seconds"})


class Call(dict[str, Any]):
    """A call, as a dict of its keyword arguments. ``name``: the function. ``rest``: set if some arguments are unknown."""

    name = ""
    template = ""  # of the text that the call returns, as in ``FilledInLater``
    positional: tuple[Any, ...] = ()
    rest: FilledInLater | None = None


class Attributes(dict[str, Any]):
    """The attributes of a class, or of ``self`` in its methods, that are certainly known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A dict or a list that several statements build; it is complete after line ``after``."""

    value: Any
    after: int


TEXTS = frozenset({"format", "join", "os.path.join", "posixpath.join", "str"})  # calls that certainly return a text
IMAGES = frozenset({"retrieve", "get_image_uri"})  # functions of the SDK that return an image URI


def makes_text(call: Call) -> bool:
    """Whether a call certainly returns a text, which is immutable."""
    return bool(call.template) or call.name in TEXTS or call.name.rpartition(".")[2] in IMAGES


def without_calls(value: Any) -> Any:
    """The value with ``FilledInLater`` in place of each call, also in nested values."""
    if isinstance(value, Call):
        return FilledInLater(why=f"{value.name}(…)", template="{}" if value.name in TEXTS else "")
    if isinstance(value, Mapping):
        return {name: without_calls(item) for name, item in value.items()}
    return [without_calls(item) for item in value] if isinstance(value, list) else value


def truth(value: Any) -> bool | None:
    """Whether a condition is true; None if it is not known."""
    return None if isinstance(value, FilledInLater | Call | Attributes) else bool(value)


def converted(node: ast.expr, name: str, value: Any) -> Any:
    """The result of ``int(2.0)`` or ``str(7)``, if the argument is a known number or a short text."""
    if isinstance(value, str | int | float) and not isinstance(value, bool) and len(str(value)) < 100:
        try:
            return CONVERSIONS[name](value)
        except (ValueError, TypeError, OverflowError):
            pass
    return FilledInLater(why=short(node), template="{}" if name == "str" else "")


def seconds(node: ast.expr, made: Call) -> Any:
    """The result of ``timedelta(hours=3).total_seconds()``, if the arguments are known."""
    known = all(isinstance(value, int | float) and abs(value) < NUMBER_MAX for value in made.values())
    if made.name.rpartition(".")[2] != "timedelta" or made.positional or made.rest or not known or not made.keys() <= DURATIONS:
        return FilledInLater(why=short(node))
    try:
        return timedelta(**made).total_seconds()
    except OverflowError:
        return FilledInLater(why=short(node))


def compared(node: ast.expr, op: ast.cmpop, first: Any, second: Any) -> Any:
    simple = (str, int, float, bool, type(None))
    compare = COMPARISONS.get(type(op))
    if compare is None or not isinstance(first, simple) or not isinstance(second, simple):
        return FilledInLater(why=short(node))
    try:
        return bool(compare(first, second))
    except TypeError:
        return FilledInLater(why=short(node))


def either(node: ast.expr, op: ast.boolop, values: list[Any]) -> Any:
    """The result of ``a or b`` or ``a and b``: the first value that decides it, if all values before it are known."""
    settles = isinstance(op, ast.Or)
    for value in values[:-1]:
        known = truth(value)
        if known is None:
            return FilledInLater(why=short(node))
        if known is settles:
            return value
    return values[-1]


def short(node: ast.expr) -> str:
    try:
        said = ast.unparse(node)
    except ValueError:  # an integer with more digits than Python converts to text
        return "an expression"
    return said if len(said) <= 80 else f"{said[:79]}…"
