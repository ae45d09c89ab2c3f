"""The fields of a training job: their types and limits, from botocore's model of DescribeTrainingJob."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from controller.policyfile.similar_words import similar_words
from controller.policyfile.when.syntax import BadWhen, Node

DESCRIBED, REQUESTED = "DescribeTrainingJobResponse", "CreateTrainingJobRequest"


class FieldType(StrEnum):
    NUMBER = "a number"
    TEXT = "text"
    FLAG = "true or false"
    TIME = "a time"
    LIST = "a list"
    MAP = "a map"


TYPES: Mapping[str, FieldType] = {
    "integer": FieldType.NUMBER, "long": FieldType.NUMBER, "float": FieldType.NUMBER, "double": FieldType.NUMBER,
    "string": FieldType.TEXT, "boolean": FieldType.FLAG, "timestamp": FieldType.TIME, "list": FieldType.LIST,
    "map": FieldType.MAP, "structure": FieldType.MAP,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShape:
    """What is known about a field. ``optional``: the beginnings of its path that a description may lack. ``many``: the path goes
    through a list, so that each of its elements has a value. ``requested``: a request may contain it."""

    type: FieldType
    words: tuple[str, ...] = ()
    optional: tuple[tuple[str, ...], ...] = ()
    many: bool = False
    requested: bool = False
    whole: bool = False  # whether a number is an integer
    pattern: str = ""  # the model's pattern for a text, or for the elements of a list
    least: int | None = None  # the limits of a number, of a text's length, or of the number of entries in a list or map
    most: int | None = None


def field_shape(field: Node) -> FieldShape:
    """The shape of a field. Raises BadWhen for a field that no training job has."""
    shape, optional, many = _shape(DESCRIBED), list[tuple[str, ...]](), False
    for number, name in enumerate(field.path):
        at, end = field.places[number]
        if shape.type_name == "list":
            shape, many = shape.member, True
        if shape.type_name == "map":
            shape = shape.value
            optional.append(field.path[: number + 1])
            continue
        if shape.type_name != "structure":
            within = ".".join(field.path[:number])
            raise BadWhen(
                at, end, f"the field {name!r} of {within}", f"no further field, since {within} is {TYPES[shape.type_name]}"
            )
        if name not in shape.members:
            raise _unknown(field, number, shape)
        if name not in shape.required_members and not many:
            optional.append(field.path[: number + 1])
        shape = shape.members[name]
    if shape.type_name == "list" and TYPES[shape.member.type_name] is not FieldType.MAP and not many:
        return FieldShape(type=FieldType.LIST, words=tuple(shape.member.enum) if shape.member.type_name == "string" else (),
                          optional=tuple(optional), many=False, requested=_requested(field.path),
                          pattern=str(shape.member.metadata.get("pattern", "")), least=shape.metadata.get("min"),
                          most=shape.metadata.get("max"))  # fmt: skip
    return FieldShape(
        type=TYPES[shape.type_name], words=tuple(shape.enum) if shape.type_name == "string" else (), optional=tuple(optional),
        many=many, requested=_requested(field.path), pattern=str(shape.metadata.get("pattern", "")),
        whole=shape.type_name in ("integer", "long"), least=shape.metadata.get("min"), most=shape.metadata.get("max"),
    )  # fmt: skip


def element_type(field: Node) -> FieldType:
    """The type of the elements of a list field."""
    shape = _shape(DESCRIBED)
    for name in field.path:
        shape = shape.member if shape.type_name == "list" else shape
        shape = shape.value if shape.type_name == "map" else shape.members[name]
    return TYPES[(shape.member if shape.type_name == "list" else shape).type_name]


def _unknown(field: Node, number: int, shape: Any) -> BadWhen:
    name, (at, end) = field.path[number], field.places[number]
    within = f"a field of {'.'.join(field.path[:number])}" if number else "a field of a training job"
    whole = next((".".join(path) for path in _paths() if path[-1].lower() == name.lower()), "") if not number else ""
    hint = f"did you mean {whole!r}?" if whole and "." in whole else ""
    known = tuple(shape.members)
    if not number and name.lower() in ("tag", "tags"):
        hint = "select jobs by their tags with match: {tags: {team: vision}}"
    elif not number and len(field.path) == 1 and not hint and not similar_words(name, known):
        hint = "text, if it is meant, is in quotes"
    wanted = f"{within}, such as {', '.join(known[:4])}"
    return BadWhen(at, end, f"the field {name!r}", wanted, word="" if hint else name, words=known, hint=hint)


@cache
def _paths() -> tuple[tuple[str, ...], ...]:
    """The paths of fields on the second level, to suggest one if an author left out the first name."""
    return tuple(
        (name, inner)
        for name, shape in _shape(DESCRIBED).members.items()
        for inner in (shape.members if shape.type_name == "structure" else ())
    )


def _requested(path: tuple[str, ...]) -> bool:
    shape = _shape(REQUESTED)
    for name in path:
        shape = shape.member if shape.type_name == "list" else shape
        if shape.type_name == "map":
            return True
        if shape.type_name != "structure" or name not in shape.members:
            return False
        shape = shape.members[name]
    return True


@cache
def _shape(name: str) -> Any:
    """A shape of the model. It is cached, because it caches its own members."""
    return _service().shape_for(name)


@cache
def _service() -> Any:
    from botocore.loaders import Loader  # imported here: most policies have no expression, and the model is slow to load
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
