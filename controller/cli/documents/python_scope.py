"""The names at a place in a program, and the values that they certainly have there.

A value is known if it is assigned once, or built step by step by statements in a row. If the condition of an ``if`` is known,
only the branch that runs is read. A value that is assigned in another branch or in a loop, or that a call changes, is
``FilledInLater``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from controller.cli.documents.found import FilledInLater
from controller.cli.documents.literals import Scope, dotted, held, value_of
from controller.cli.documents.python_values import Attributes, Built, Call, makes_text, truth

HARMLESS = frozenset(
    {
        "print", "len", "dumps", "pprint", "info", "debug", "warning", "error", "display", "dict", "str", "repr", "int", "float",
        "bool", "list", "tuple", "set", "sorted", "enumerate", "zip", "min", "max", "type", "isinstance", "format", "copy",
        "deepcopy", "from_recipe",
    }
)  # fmt: skip
"""Functions that change none of their arguments."""
MUTATING = frozenset({"update", "pop", "setdefault", "append", "extend", "insert", "remove", "clear", "popitem"})

Decide = Callable[[ast.expr], bool | None]


def scope_of(body: list[ast.stmt], outer: Scope) -> dict[str, Any]:
    """The names and values at the end of the statements of a module, a function or a branch, in addition to ``outer``."""
    first = _scope(body, outer, lambda _: None)
    if not any(isinstance(statement, ast.If) for statement in body):
        return first
    return _scope(body, outer, lambda test: truth(value_of(test, first)))


def given_again(body: list[ast.stmt]) -> frozenset[str]:
    """Names that simple statements assign more than once, as cells of a notebook do: each value is valid until the next."""
    given: dict[str, list[ast.expr | None]] = {}
    for name, value in _assigned(body):
        given.setdefault(name, []).append(value)
    other = {*_changed(body), *_rebound(body)}
    return frozenset(name for name, values in given.items() if len(values) > 1 and values[0] is not None and name not in other)


def step(statement: ast.stmt, scope: dict[str, Any], names: frozenset[str]) -> None:
    """Update the values of ``names`` in ``scope`` after a statement; ``names`` are assigned more than once."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in names:
            found = value_of(value, scope)
            scope[name] = found if held(found) else FilledInLater(why=name)
        case _:
            stored = (node for node in ast.walk(statement) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load))
            scope.update({node.id: FilledInLater(why=node.id) for node in stored if node.id in names})


def class_scope(statement: ast.ClassDef, scope: Scope) -> Attributes:
    """The attributes of ``self`` in a class; a value is known if only the class or ``__init__`` assigns it, and only once."""
    found = _attributes(statement, scope)
    given: dict[str, list[tuple[ast.expr | None, ast.stmt]]] = {}
    for method in statement.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            for name, value in _set_on_self(method):
                given.setdefault(name, []).append((value, method))
    for name, values in given.items():
        value, method = values[0]
        if len(values) == 1 and name not in found and value is not None and getattr(method, "name", "") == "__init__":
            found[name] = value_of(value, {**scope, **arguments_of(method)})
        else:
            found[name] = FilledInLater(why=f"self.{name}")
    return found


def arguments_of(function: Any) -> dict[str, Any]:
    """The arguments of a function as ``FilledInLater``, because its caller gives them."""
    given = function.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    return {one.arg: FilledInLater(why=f"the argument {one.arg}") for one in arguments}


def _scope(body: list[ast.stmt], outer: Scope, decide: Decide) -> dict[str, Any]:
    statements = list(_statements_that_run(body, decide))
    given: dict[str, list[ast.expr | None]] = {}
    for name, value in _assigned(statements):
        given.setdefault(name, []).append(value)
    changes = [(one, frozenset(_changed([one]))) for one in statements]
    changed, rebound = {name for _, names in changes for name in names}, set(_rebound(statements))
    changed |= {_root_name(value) for name in changed for value in given.get(name, ())}  # another name for the same value
    scope = dict(outer)
    scope.update({name: FilledInLater(why=name) for name in given})
    classes = [one for one in statements if isinstance(one, ast.ClassDef) and len(given[one.name]) == 1]
    scope.update({one.name: _attributes(one, scope) for one in classes if one.name not in changed})
    once = {name: values[0] for name, values in given.items() if len(values) == 1 and name not in rebound}
    in_pieces = []
    for name, given_value in once.items():
        if given_value is None:
            continue
        value = value_of(given_value, scope)
        if not isinstance(value, Mapping | list) or (isinstance(value, Call) and makes_text(value)):
            scope[name] = value  # an immutable value
        elif name in changed:
            in_pieces.append((name, value))  # its pieces may use names that are assigned after it
        elif held(value):
            scope[name] = value
    for name, begun in in_pieces:
        scope[name] = _built(name, begun, [one for one, names in changes if name in names], scope)
    return scope


def _root_name(node: ast.expr | None) -> str:
    root = _root(node) if isinstance(node, ast.Subscript | ast.Attribute) else node
    return root.id if isinstance(root, ast.Name) else ""


def _attributes(statement: ast.ClassDef, scope: Scope) -> Attributes:
    """The known class attributes: ``class Settings: MAX_RUN = 3600``."""
    names = {name for name, _ in _assigned(statement.body)}
    known = {name: value for name, value in _scope(statement.body, scope, lambda _: None).items() if name in names}
    return Attributes({name: value for name, value in known.items() if not isinstance(value, FilledInLater)})


def _built(name: str, value: Any, pieces: list[ast.stmt], scope: Scope) -> Any:
    """A dict or a list with what statements add to it, one by one; ``FilledInLater`` if it is changed in another way."""
    if not pieces:
        return FilledInLater(why=name)
    whole = _copied(value)
    for piece in pieces:
        if not _put_piece(name, whole, piece, scope):
            return FilledInLater(why=name)
    return (
        Built(value=whole, after=max(piece.end_lineno or piece.lineno for piece in pieces))
        if held(whole)
        else FilledInLater(why=name)
    )


def _put_piece(name: str, whole: Any, piece: ast.stmt, scope: Scope) -> bool:
    """Add one piece to ``whole``: ``request["A"]["B"] = …``, ``request.update(…)``, ``tags.append(…)``. False: not possible."""
    match piece:
        case ast.Assign(targets=[ast.Subscript(value=inside, slice=ast.Constant(value=str(key)))], value=given):
            place = _place(name, whole, inside)
            if isinstance(place, Call) or not isinstance(place, dict):
                return False
            place[key] = value_of(given, scope)
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=inside, attr="update"), args=args, keywords=keywords)):
            place, more = _place(name, whole, inside), [value_of(one, scope) for one in args]
            named = {one.arg: value_of(one.value, scope) for one in keywords}
            fits = all(isinstance(one, Mapping) and not isinstance(one, Call) for one in more) and None not in named
            if isinstance(place, Call) or not isinstance(place, dict) or not fits:
                return False
            for one in (*more, named):
                place.update(one)
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=inside, attr="append"), args=[given], keywords=[])):
            place = _place(name, whole, inside)
            if not isinstance(place, list):
                return False
            place.append(value_of(given, scope))
            return True
    return False


def _place(name: str, whole: Any, node: ast.expr) -> Any:
    """The dict or list inside a value to which an expression refers."""
    match node:
        case ast.Name(id=found):
            return whole if found == name else None
        case ast.Subscript(value=inside, slice=ast.Constant(value=str(key))):
            outer = _place(name, whole, inside)
            return outer.get(key) if isinstance(outer, dict) else None
    return None


def _copied(value: Any) -> Any:
    if isinstance(value, Call):
        copied = Call({name: _copied(item) for name, item in value.items()})
        copied.name, copied.positional, copied.rest = value.name, value.positional, value.rest
        return copied if value.name != "dict" or value.rest is not None or value.positional else dict(copied)
    if isinstance(value, Mapping):
        return {name: _copied(item) for name, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _statements_that_run(body: list[ast.stmt], decide: Decide) -> Iterator[ast.stmt]:
    """The statements, with an ``if`` of known condition replaced by the branch that runs."""
    for statement in body:
        known = decide(statement.test) if isinstance(statement, ast.If) else None
        if isinstance(statement, ast.If) and known is not None:
            yield from _statements_that_run(statement.body if known else statement.orelse, decide)
        else:
            yield statement


def _set_on_self(method: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, ast.expr | None]]:
    """Attributes that a method sets on ``self``, with the value; None if it is not set by a simple assignment."""
    straight: dict[int, ast.expr] = {}
    for statement in method.body:
        match statement:
            case ast.Assign(targets=[ast.Attribute() as target], value=value):
                straight[id(target)] = value
            case ast.AnnAssign(target=ast.Attribute() as target, value=value) if value is not None:
                straight[id(target)] = value
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del) and dotted(node.value) == "self":
            yield node.attr, straight.get(id(node))


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr | None]]:
    """Each name with its value; None if it is assigned in a branch, in a loop, or in another way than by ``=``."""
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
    """Names whose value is changed in place: ``request["a"] = 1``, ``request.update(…)``, ``fill(request)``."""
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
    """Names that are assigned in another way or from another scope: ``global spot``, ``spot := …``."""
    for statement in body:
        for node in ast.walk(statement):
            match node:
                case ast.Global(names=names) | ast.Nonlocal(names=names):
                    yield from names
                case ast.NamedExpr(target=ast.Name(id=name)):
                    yield name


def _known(node: ast.Call) -> bool:
    """Whether a call certainly does not change its arguments: a function in ``HARMLESS``, or a class, by its capital letter."""
    name = dotted(node.func).rpartition(".")[2]
    return name in HARMLESS or name[:1].isupper()


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node
