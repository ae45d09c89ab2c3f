"""What an expression of Python says by itself: literals, arithmetic on literals, and names that hold one literal.

Nothing is run. What is computed, read from elsewhere, changed later or given by a condition is filled in later.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from controller.cli.documents.found import Later

Scope = Mapping[str, Any]
"""The names of a place and their values, ``Later`` where a value is not known."""

NUMBER_MAX = 10**15
TEXT_MAX = 100_000  # characters of a text that is put together
HELD_MAX = 1_000  # values in a list or a dict that a name holds: names that hold lists of names could unfold without end
VALUES_MAX = 100_000  # in one argument of a call
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
}  # fmt: skip
HARMLESS = frozenset({"print", "len", "dumps", "pprint", "info", "debug", "dict", "str", "repr", "warning"})  # change no argument


class Call(dict[str, Any]):
    """A call by its keywords; ``name`` is what is called, ``rest`` is Later where keywords come from elsewhere."""

    name = ""
    positional: tuple[Any, ...] = ()
    rest: Later | None = None


def value_of(node: ast.expr | None, scope: Scope) -> Any:
    """The value of an expression, or Later."""
    match node:
        case None:
            return None
        case ast.Constant(value=value):
            return value if isinstance(value, str | int | float | bool | None) else Later(why=ast.unparse(node))
        case ast.Name(id=name):
            return scope.get(name, Later(why=name))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [value_of(item, scope) for item in items]
        case ast.Dict():
            return _dict(node, scope)
        case ast.JoinedStr():
            return _joined(node, scope)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = value_of(operand, scope)
            return -value if isinstance(value, int | float) else Later(why=ast.unparse(node))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            value = value_of(operand, scope)
            return not value if isinstance(value, bool) else Later(why=ast.unparse(node))
        case ast.BinOp():
            return _computed(node, scope)
        case ast.Call():
            return call_of(node, scope)
        case _:
            return Later(why=_short(node))


def call_of(node: ast.Call, scope: Scope) -> Call:
    """A call with its keywords; ``**settings`` that are known count as keywords."""
    call = Call()
    call.name = dotted(node.func)
    call.positional = tuple(value_of(item, scope) for item in node.args if not isinstance(item, ast.Starred))
    if any(isinstance(item, ast.Starred) for item in node.args):
        call.rest = Later(why=_short(node))
    for keyword in node.keywords:
        value = value_of(keyword.value, scope)
        if keyword.arg is not None:
            call[keyword.arg] = value
        elif isinstance(value, Mapping) and not (isinstance(value, Call) and value.name != "dict"):
            call.update(value)
            call.rest = call.rest or getattr(value, "rest", None)
        else:
            call.rest = Later(why=f"**{ast.unparse(keyword.value)}")
    return call


def plain(value: Any) -> Any:
    """The same, where a call is what it makes if it is ``dict(…)`` or a plain shape, and is filled in later if it is not."""
    if _more_than(VALUES_MAX, value):
        return Later(why=f"more than {VALUES_MAX:,} values")
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Call):
        if value.name.rpartition(".")[2] in SHAPES or value.name == "dict":
            return {name: _plain(item) for name, item in value.items()} if value.rest is None else value.rest
        return Later(why=f"{value.name}(…)")
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _more_than(most: int, value: Any) -> bool:
    """Whether a value is made of more values than that, each counted as often as it stands there."""
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


# Classes of the SDK that only hold what they are given.
SHAPES = frozenset(
    {
        "Compute", "StoppingCondition", "CheckpointConfig", "OutputDataConfig", "ResourceConfig", "AlgorithmSpecification", "Tag",
        "RetryStrategy", "InstanceGroup", "SourceCode", "Networking", "InputData", "VpcConfig", "TrainingImageConfig", "Channel",
        "DataSource", "S3DataSource",
    }
)  # fmt: skip


def scope_of(body: list[ast.stmt], outer: Scope) -> dict[str, Any]:
    """The names that the statements of a module or a function give a value, once and for good."""
    given: dict[str, list[ast.expr | None]] = {}
    for name, value in _assigned(body):
        given.setdefault(name, []).append(value)
    changed, rebound = set(_changed(body)), set(_rebound(body))
    scope = dict(outer)
    scope.update({name: Later(why=name) for name in given})
    for name, values in given.items():
        if len(values) == 1 and values[0] is not None and name not in rebound:
            value = value_of(values[0], scope)
            if not isinstance(value, Mapping | list) or (name not in changed and not _more_than(HELD_MAX, value)):
                scope[name] = value
    return scope


def dotted(node: ast.expr) -> str:
    """``sagemaker.pytorch.PyTorch`` as it is written; empty for what has no name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            before = dotted(value)
            return f"{before}.{name}" if before else name
        case _:
            return ""


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr | None]]:
    """Each name with its value; without one where it is given in a branch, in a loop, or in any other way than by ``=``."""
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                if value is not None:
                    yield name, value
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield statement.name, None
            case ast.Import() | ast.ImportFrom():
                pass
            case ast.With(body=inner) | ast.Try(body=inner, handlers=[]):
                yield from _assigned(inner)
            case _:
                for node in ast.walk(statement):
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
                        yield node.id, None


def _changed(body: list[ast.stmt]) -> Iterator[str]:
    """Names whose value is changed where it is: ``request["a"] = 1``, ``request.update(…)``, ``fill(request)``."""
    for statement in body:
        for node in ast.walk(statement):
            match node:
                case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
                    yield dotted(_root(node)).partition(".")[0]
                case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in MUTATING:
                    yield dotted(_root(value)).partition(".")[0]
            if isinstance(node, ast.Call) and not _known(node):
                yield from (item.id for item in node.args if isinstance(item, ast.Name))


def _rebound(body: list[ast.stmt]) -> Iterator[str]:
    """Names that another place gives a value: ``global spot``, ``spot := …``."""
    for statement in body:
        for node in ast.walk(statement):
            match node:
                case ast.Global(names=names) | ast.Nonlocal(names=names):
                    yield from names
                case ast.NamedExpr(target=ast.Name(id=name)):
                    yield name


MUTATING = frozenset({"update", "pop", "setdefault", "append", "extend", "insert", "remove", "clear", "popitem"})


def _known(node: ast.Call) -> bool:
    """Whether a call surely leaves its arguments as they are: it prints, or its name begins with a capital, as a class."""
    name = dotted(node.func).rpartition(".")[2]
    return name in HARMLESS or name[:1].isupper()


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node


def _dict(node: ast.Dict, scope: Scope) -> Any:
    found: dict[str, Any] = {}
    for key, item in zip(node.keys, node.values, strict=True):
        value = value_of(item, scope)
        if key is None:
            if not isinstance(value, Mapping):
                return Later(why=_short(node))
            found.update(value)
            continue
        name = value_of(key, scope)
        if isinstance(name, Later):
            return Later(why=_short(node))
        found[str(name)] = value
    return found


def _joined(node: ast.JoinedStr, scope: Scope) -> Any:
    parts: list[str] = []
    for part in node.values:
        value = value_of(part.value if isinstance(part, ast.FormattedValue) else part, scope)
        simple = not isinstance(part, ast.FormattedValue) or (part.format_spec is None and part.conversion == -1)
        if not isinstance(value, str | int) or isinstance(value, bool) or not simple:
            return Later(why=ast.unparse(node))
        parts.append(str(value))
    return "".join(parts) if sum(map(len, parts)) <= TEXT_MAX else Later(why=_short(node))


def _computed(node: ast.BinOp, scope: Scope) -> Any:
    left, right, compute = value_of(node.left, scope), value_of(node.right, scope), _OPERATORS.get(type(node.op))
    later = Later(why=_short(node))
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


def _short(node: ast.expr) -> str:
    said = ast.unparse(node)
    return said if len(said) <= 80 else f"{said[:79]}…"
