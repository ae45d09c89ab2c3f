"""Finds the imports and calls in a Python program, and the statements around a call."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping

from controller.cli.documents.found import FilledInLater
from controller.cli.documents.literals import dotted

SetLater = Mapping[str, Mapping[str, FilledInLater]]
WITH = re.compile(r"with_\w+")
OTHER_WAYS = re.compile(r"remote|RemoteExecutor|\w+Trainer|AutoML(?:V2)?|TrainingStep|TuningStep|\w+SageMakerEstimator")
LIBRARIES = {"sagemaker": "the SageMaker SDK", "sagemaker_pyspark": "SageMaker Spark", "stepfunctions": "the Step Functions SDK"}


def parsed(text: str) -> ast.Module:
    """The syntax tree of a program. Raises SyntaxError and ValueError, and RecursionError if it is nested too deeply."""
    try:
        return ast.parse(text)
    except MemoryError:  # CPython's parser raises it for expressions that are nested too deeply
        raise RecursionError("expressions are nested too deeply") from None


def imports(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0], alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def calls(module: ast.Module, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == name:
            yield node


def names_in(call: ast.Call) -> Iterator[str]:
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        yield from (node.id for node in ast.walk(argument) if isinstance(node, ast.Name))


def fitted(module: ast.Module, names: Collection[str]) -> Iterator[str]:
    """Names in the calls whose result one of ``names`` has: ``estimator``, if ``step_args = estimator.fit(…)``."""
    for node in ast.walk(module):
        if isinstance(node, ast.Assign) and target_of(node) in names and isinstance(node.value, ast.Call):
            yield from (one.id for one in ast.walk(node.value.func) if isinstance(one, ast.Name))


def set_later(body: list[ast.stmt]) -> SetLater:
    """Attributes that are set after an object was created, by the object's name: ``estimator.max_run = …``."""
    found: dict[str, dict[str, FilledInLater]] = {}
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and (owner := dotted(node.value)):
                found.setdefault(owner, {})[node.attr] = FilledInLater(why=f"{owner}.{node.attr} is set later")
    return found


def configured(module: ast.Module) -> dict[ast.Call | str, list[ast.Call]]:
    """The calls of ``with_…`` methods, by their object's name, and by each call that they are chained to (``X().with_…()``)."""
    found: dict[ast.Call | str, list[ast.Call]] = {}
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not WITH.fullmatch(node.func.attr):
            continue
        owner: ast.expr = node.func.value
        while isinstance(owner, ast.Call):
            found.setdefault(owner, []).append(node)
            owner = owner.func.value if isinstance(owner.func, ast.Attribute) else ast.Constant("")
        found.setdefault(dotted(owner), []).append(node)
    return found


def target_of(statement: ast.stmt) -> str:
    match statement:
        case ast.Assign(targets=[target]):
            return dotted(target)
        case ast.AnnAssign(target=target):
            return dotted(target)
        case _:
            return ""


def expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The expressions in a statement, without those in nested statements."""
    stack: list[ast.AST] = [child for child in ast.iter_child_nodes(statement) if not _is_block(child)]
    while stack:
        node = stack.pop()
        yield node
        stack += [child for child in ast.iter_child_nodes(node) if not _is_block(child)]


def _is_block(node: ast.AST) -> bool:
    return isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case)


def other_way(module: ast.Module) -> str:
    """An import that creates training jobs in a way that no reader supports, such as remote functions or Spark; empty if none."""
    for _, origin in imports(module):
        library, name = origin.partition(".")[0], origin.rpartition(".")[2]
        if library in LIBRARIES and "." in origin and OTHER_WAYS.fullmatch(name):
            return f"{name} of {LIBRARIES[library]}"
    return ""
