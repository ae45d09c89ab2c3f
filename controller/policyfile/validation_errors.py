"""Turns the errors of pydantic into problems with the file's own lines and keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from controller.policyfile.problem import Path, quoted
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
OF_A_KEY = "[key]"  # how pydantic marks the key of a map in a path


def validation_errors(error: ValidationError, model: type[BaseModel], tree: Tree, above: Path = ()) -> None:
    """Add each error to the problems of the tree; ``above`` is the path of the value that was validated."""
    for one in error.errors(include_url=False):
        key = bool(one["loc"]) and one["loc"][-1] == OF_A_KEY
        where: Path = one["loc"][:-1] if key else one["loc"]
        path, found, context = above + where, one["input"], one.get("ctx", {})
        match one["type"]:
            case "missing":
                tree.problem(path[:-1], found=f"no key {path[-1]!r}", wanted=f"{path[-1]}: and its value", code="missing-key")
            case "extra_forbidden":
                known = keys_of(_model_at(model, where[:-1]))
                unknown_key(tree, path, known)
            case "unlike":
                hint = context["hint"] or _hint("unlike", path, found)
                meant = (context["word"] if context["word"] is not None else found, context["words"])
                tree.problem(path, found=quoted(found), wanted=context["wanted"], hint=hint, meant=meant, key=key)
            case "greater_than_equal":
                tree.problem(path, found=quoted(found), wanted=f"at least {context['ge']:g}")
            case "less_than_equal":
                tree.problem(path, found=quoted(found), wanted=f"at most {context['le']:g}")
            case "too_long":
                found, wanted = f"{context['actual_length'] or 'too many'} entries", f"at most {context['max_length']}"
                tree.problem(path, found=found, wanted=wanted)
            case kind:
                wanted, hint = WANTED.get(kind, one["msg"]), _hint(kind, path, found)
                words = ("true", "false") if kind == "bool_type" else ()
                tree.problem(path, found=quoted(found), wanted=wanted, hint=hint, meant=(found, words), key=key)


def unknown_key(tree: Tree, path: Path, known: tuple[str, ...]) -> None:
    """Add the problem of a key that nothing reads."""
    wanted = f"one of {', '.join(known)}" if known else "no key at all"
    tree.problem(
        path, found=f"unknown key {quoted(str(path[-1]))}", wanted=wanted, meant=(path[-1], known), key=True, code="unknown-key"
    )


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of a map, as people write them."""
    return tuple(sorted(field.alias or name for name, field in model.model_fields.items()))


def _hint(kind: str, path: Path, found: object) -> str:
    if found is None and path and path[-1] == "channel":
        return '# starts a comment unless it is quoted: write "#name"'
    if kind in ("string_type", "list_type") and isinstance(found, int | float):
        return "quote text that looks like a number"
    return ""


def _model_at(model: type[BaseModel], where: Path) -> type[BaseModel]:
    """The model that describes the value at a path."""
    for part in where:
        if isinstance(part, str):
            field = next((f for name, f in model.model_fields.items() if part in (name, f.alias)), None)
            if field is not None:
                model = next(_models(field.annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
