"""The values of Python expressions that are known without running code: literals, arithmetic on literals, and names of them.

Any other value is ``FilledInLater``: computed, read from elsewhere, or dependent on a condition that is not known.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from controller.cli.documents.found import FilledInLater
from controller.cli.documents.python_values import (
    BITS_MAX,
    CONVERSIONS,
    IMAGES,
    NUMBER_MAX,
    TEXTS,
    Attributes,
    Built,
    Call,
    compared,
    converted,
    either,
    seconds,
    short,
    truth,
)
from controller.cli.documents.sdk import image_of

Scope = Mapping[str, Any]
"""The names at a place in a program and their values; ``FilledInLater`` if a value is not known."""

TEXT_MAX = 100_000  # characters of a text that is concatenated
HELD_MAX = 1_000  # values in a name's list or dict: lists of names of lists could grow exponentially
VALUES_MAX = 100_000  # in one argument of a call
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
}  # fmt: skip


def value_of(node: ast.expr | None, scope: Scope) -> Any:
    """The value of an expression, or ``FilledInLater`` if it is not known."""
    match node:
        case None:
            return None
        case ast.Constant(value=value):
            long = isinstance(value, int) and value.bit_length() > BITS_MAX
            return value if isinstance(value, str | int | float | bool | None) and not long else FilledInLater(why=short(node))
        case ast.Name(id=name):
            found = scope.get(name, FilledInLater(why=name))
            if isinstance(found, Built):
                return found.value if node.lineno > found.after else FilledInLater(why=name)
            return found
        case ast.Attribute(value=value, attr=name):
            owner = value_of(value, scope) if isinstance(value, ast.Name) else None
            return (
                owner.get(name, FilledInLater(why=short(node)))
                if isinstance(owner, Attributes)
                else FilledInLater(why=short(node))
            )
        case ast.IfExp(test=test, body=body, orelse=orelse):
            known = truth(value_of(test, scope))
            return FilledInLater(why=short(node)) if known is None else value_of(body if known else orelse, scope)
        case ast.Compare(left=first, ops=[op], comparators=[second]):
            return compared(node, op, value_of(first, scope), value_of(second, scope))
        case ast.BoolOp(op=op, values=parts):
            return either(node, op, [value_of(part, scope) for part in parts])
        case ast.Subscript(value=value, slice=ast.Constant(value=str(name))):
            owner = value_of(value, scope)
            return owner[name] if isinstance(owner, Mapping) and name in owner else FilledInLater(why=short(node))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [value_of(item, scope) for item in items]
        case ast.Dict():
            return _dict(node, scope)
        case ast.JoinedStr():
            return _joined(node, scope)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = value_of(operand, scope)
            return -value if isinstance(value, int | float) else FilledInLater(why=short(node))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            value = value_of(operand, scope)
            known = truth(value)
            return FilledInLater(why=short(node)) if known is None else not known
        case ast.BinOp():
            return _computed(node, scope)
        case ast.Call(func=ast.Attribute(value=value, attr="copy"), args=[], keywords=[]):
            return value_of(value, scope)
        case ast.Call(func=ast.Name(id="deepcopy") | ast.Attribute(value=ast.Name(id="copy")), args=[value], keywords=[]):
            return value_of(value, scope)
        case ast.Call(func=ast.Name(id=name), args=[value], keywords=[]) if name in CONVERSIONS:
            return converted(node, name, value_of(value, scope))
        case ast.Call(func=ast.Attribute(value=ast.Call() as made, attr="total_seconds"), args=[], keywords=[]):
            return seconds(node, call_of(made, scope))
        case ast.Call():
            return call_of(node, scope)
        case _:
            return FilledInLater(why=short(node))


def call_of(node: ast.Call, scope: Scope) -> Call:
    """A call with its keywords, also those of ``**settings`` if their value is known."""
    call = Call()
    call.name = dotted(node.func)
    if (
        call.name == "format"
        and isinstance(node.func, ast.Attribute)
        and isinstance(text := value_of(node.func.value, scope), str)
    ):
        call.template = re.sub(r"\{[^{}]*\}", "{}", text)
    call.positional = tuple(value_of(item, scope) for item in node.args if not isinstance(item, ast.Starred))
    if any(isinstance(item, ast.Starred) for item in node.args):
        call.rest = FilledInLater(why=short(node))
    if call.name == "dict" and len(call.positional) == 1:
        base = call.positional[0]
        if isinstance(base, Mapping) and not (isinstance(base, Call) and base.name != "dict"):
            call.update(base)
            call.positional = ()
        else:
            call.rest = FilledInLater(why=short(node))
    for keyword in node.keywords:
        value = value_of(keyword.value, scope)
        if keyword.arg is not None:
            call[keyword.arg] = value
        elif isinstance(value, Mapping) and not (isinstance(value, Call) and value.name != "dict"):
            call.update(value)
            call.rest = call.rest or getattr(value, "rest", None)
        else:
            call.rest = FilledInLater(why=f"**{short(keyword.value)}")
    return call


def plain(value: Any) -> Any:
    """The value with its calls replaced: ``dict(…)`` and ``SHAPES`` by what they make, any other call by ``FilledInLater``."""
    if _more_than(VALUES_MAX, value):
        return FilledInLater(why=f"more than {VALUES_MAX:,} values")
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Call):
        shape = value.name.rpartition(".")[2]
        if shape in SHAPES or value.name == "dict":
            names = BY_PLACE.get(shape, ())
            if value.rest is not None or len(value.positional) > len(names):
                return value.rest or FilledInLater(why=f"{value.name}(…)")
            given = {**dict(zip(names, value.positional, strict=False)), **value}
            return {name: _plain(item) for name, item in given.items()}
        if shape in IMAGES:
            return _image(value)
        return FilledInLater(why=f"{value.name}(…)", template=value.template or ("{}" if value.name in TEXTS else ""))
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def held(value: Any) -> bool:
    """Whether a value has at most HELD_MAX values in it, so that it can be kept for a name."""
    return not _more_than(HELD_MAX, value)


def _more_than(most: int, value: Any) -> bool:
    """Whether a value consists of more than ``most`` values; a value that occurs twice counts twice."""
    left, open_ = most, [value]
    while open_:
        one, left = open_.pop(), left - 1
        if left < 0 or len(open_) > most:
            return True
        if isinstance(one, Call):
            open_ += one.positional
        if isinstance(one, Mapping | list):
            open_ += one.values() if isinstance(one, Mapping) else one
    return False


BY_PLACE: Mapping[str, tuple[str, ...]] = {"InstanceGroup": ("instance_group_name", "instance_type", "instance_count")}
# Classes of the SDK that only keep their arguments.
SHAPES = frozenset(
    {
        "Compute", "StoppingCondition", "CheckpointConfig", "OutputDataConfig", "ResourceConfig", "AlgorithmSpecification", "Tag",
        "RetryStrategy", "InstanceGroup", "SourceCode", "Networking", "InputData", "VpcConfig", "TrainingImageConfig", "Channel",
        "DataSource", "S3DataSource",
    }
)  # fmt: skip


def dotted(node: ast.expr) -> str:
    """A dotted name as it is written, such as ``sagemaker.pytorch.PyTorch``; empty for any other expression."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            before = dotted(value)
            return f"{before}.{name}" if before else name
        case _:
            return ""


def _dict(node: ast.Dict, scope: Scope) -> Any:
    found: dict[str, Any] = {}
    for key, item in zip(node.keys, node.values, strict=True):
        value = value_of(item, scope)
        if key is None:
            if not isinstance(value, Mapping):
                return FilledInLater(why=short(node))
            found.update(value)
            continue
        name = value_of(key, scope)
        if isinstance(name, FilledInLater):
            return FilledInLater(why=short(node))
        found[str(name)] = value
    return found


def _joined(node: ast.JoinedStr, scope: Scope) -> Any:
    parts: list[str] = []
    known = True
    for part in node.values:
        value = value_of(part.value if isinstance(part, ast.FormattedValue) else part, scope)
        simple = not isinstance(part, ast.FormattedValue) or (part.format_spec is None and part.conversion == -1)
        if not isinstance(value, str | int) or isinstance(value, bool) or not simple:
            known = False
            parts.append(_template(value) if simple else "{}")
            continue
        parts.append(str(value))
    whole = "".join(parts) if sum(map(len, parts)) <= TEXT_MAX else ""
    return whole if known and whole else FilledInLater(why=short(node), template=whole if whole.replace("{}", "") else "")


def _computed(node: ast.BinOp, scope: Scope) -> Any:
    left, right, compute = value_of(node.left, scope), value_of(node.right, scope), _OPERATORS.get(type(node.op))
    template = ""
    if isinstance(node.op, ast.Add) and any(_is_text(value) for value in (left, right)):
        template = f"{_template(left)}{_template(right)}"[:TEXT_MAX]
    elif isinstance(node.op, ast.Mod) and isinstance(left, str):
        template = re.sub(r"%\w", "{}", left)
    later = FilledInLater(why=short(node), template=template)
    if isinstance(node.op, ast.BitOr) and all(isinstance(one, Mapping) and not isinstance(one, Call) for one in (left, right)):
        return {**left, **right}
    if compute is None or isinstance(left, bool) or isinstance(right, bool):
        return later
    if isinstance(left, str) and isinstance(right, str) and isinstance(node.op, ast.Add):
        return left + right if len(left) + len(right) <= TEXT_MAX else later
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return later
    if max(abs(left), abs(right)) > NUMBER_MAX or (right == 0 and isinstance(node.op, ast.Div | ast.FloorDiv)):
        return later
    value = compute(left, right)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_text(value: Any) -> bool:
    return (bool(value) and isinstance(value, str)) or (isinstance(value, FilledInLater) and bool(value.template))


def _template(value: Any) -> str:
    """A value as text, with ``{}`` for each part that is not known."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    return (value.template if isinstance(value, FilledInLater) else "") or "{}"


def _image(call: Call) -> Any:
    """An image from ``image_uris.retrieve("xgboost", …)``, or ``get_image_uri(region, "xgboost")`` of SDK v1."""
    of_first_sdk = call.name.endswith("get_image_uri")
    places = call.positional[1:] if of_first_sdk else call.positional
    framework = call.get("repo_name", call.get("framework", places[0] if places else None))
    place, other = (1, "1") if of_first_sdk else (2, None)
    version = call.get("repo_version" if of_first_sdk else "version", places[place] if len(places) > place else other)
    return image_of(framework, version, model=call.get("model_id"))
