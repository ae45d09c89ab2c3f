"""Turns the errors of pydantic into problems with the file's own lines and keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from controller.policyfile.problem import Path, nearest, quoted
from controller.policyfile.yaml_nodes import Tree

WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "text or a list",
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
    "too_short": "at least one entry",
    "finite_number": "a finite number",
}


def validation_errors(error: ValidationError, model: type[BaseModel], tree: Tree, above: Path = ()) -> None:
    """Add each error to the problems of the tree; ``above`` is the path of the value that was validated."""
    for one in error.errors(include_url=False):
        where: Path = one["loc"]
        path, found, context = above + where, one["input"], one.get("ctx", {})
        match one["type"]:
            case "missing":
                tree.problem(path[:-1], found=f"no key {path[-1]!r}", wanted=f"{path[-1]}: and its value")
            case "extra_forbidden":
                known = sorted(field.alias or name for name, field in _model_at(model, where[:-1]).model_fields.items())
                wanted = f"one of {', '.join(known)}" if known else "no key at all"
                tree.problem(path, found=f"unknown key {str(path[-1])!r}", wanted=wanted, hint=nearest(path[-1], known))
            case "unlike":
                tree.problem(path, found=quoted(found), wanted=context["wanted"], hint=context["hint"])
            case "greater_than_equal":
                tree.problem(path, found=quoted(found), wanted=f"at least {context['ge']:g}")
            case "less_than_equal":
                tree.problem(path, found=quoted(found), wanted=f"at most {context['le']:g}")
            case kind:
                hint = _hint(kind, path, found)
                tree.problem(path, found=quoted(found), wanted=WANTED.get(kind, one["msg"]), hint=hint)


def _hint(kind: str, path: Path, found: object) -> str:
    if kind == "string_type" and found is None and path[-1] == "channel":
        return '# starts a comment unless it is quoted: write "#name"'
    if kind in ("string_type", "list_type") and isinstance(found, int | float):
        return "quote text that looks like a number"
    return ""


def _model_at(model: type[BaseModel], where: Path) -> type[BaseModel]:
    """The model that describes the value at a path."""
    for part in where:
        if isinstance(part, str) and part in model.model_fields:
            model = next(_models(model.model_fields[part].annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
