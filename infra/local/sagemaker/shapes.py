"""Checks requests against constraints in botocore's service model that botocore does not check: lengths, patterns, enums, bounds.

The checks of an operation are compiled once from its input shape into nested functions, because a simulation makes very many
requests. The messages have the wording of AWS.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from infra.local.sagemaker.errors import invalid

Check = Callable[[Any, str, list[str]], None]

ANYTHING: Final = {".*", "[\\S\\s]*", ".+"}  # patterns that all texts match, apart from their length
JAVA_CLASSES: Final = {"\\p{L}\\p{Z}\\p{N}": "\\w\\s", "\\p{Alnum}": "a-zA-Z0-9"}  # Python's re lacks them
KINDS: Final[dict[str, tuple[type, ...]]] = {
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, datetime),
}


@cache
def service_model() -> ServiceModel:
    """Load botocore's model of SageMaker."""
    return botocore.session.get_session().get_service_model("sagemaker")


@cache
def operation(name: str) -> OperationModel:
    """Find an operation in the model."""
    return service_model().operation_model(name)


def check(name: str, request: dict[str, Any]) -> None:
    """Raise one ValidationException about all constraints of the operation that a request breaks."""
    problems: list[str] = []
    _compiled(name)(request, "", problems)
    if problems:
        noun = "error" if len(problems) == 1 else "errors"
        raise invalid(f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")


def parse_times(name: str, request: dict[str, Any]) -> dict[str, Any]:
    """Turn epoch seconds in a request from JSON into aware datetimes. Requests of unknown operations are not changed."""
    if name not in service_model().operation_names:
        return request
    times = {key for key, member in operation(name).input_shape.members.items() if member.type_name == "timestamp"}
    return {
        key: datetime.fromtimestamp(value, UTC) if key in times and isinstance(value, int | float) else value
        for key, value in request.items()
    }


@cache
def _compiled(name: str) -> Check:
    return _check_of(operation(name).input_shape)


def _check_of(shape: Shape) -> Check:
    if isinstance(shape, StructureShape):
        return _structure(shape)
    if isinstance(shape, ListShape):
        return _list(shape)
    if isinstance(shape, MapShape):
        return _map(shape)
    return _text(shape) if shape.type_name == "string" else _scalar(shape)


def _structure(shape: StructureShape) -> Check:
    members = {name: (_check_of(member), _label(name)) for name, member in shape.members.items()}
    required = tuple(shape.required_members)

    def check_structure(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, dict):
            problems.append(_broken(value, path, "Member must be a structure"))
            return
        for name in required:
            if value.get(name) is None:
                problems.append(_broken(None, _join(path, _label(name)), "Member must not be null"))
        for name, member in value.items():
            if name not in members:
                problems.append(_broken(name, path, "Member must be one of the modelled members"))
            elif member is not None:
                check_member, label = members[name]
                check_member(member, f"{path}.{label}" if path else label, problems)

    return check_structure


def _list(shape: ListShape) -> Check:
    check_length, check_item = _length(shape), _check_of(shape.member)

    def check_list(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, list):
            problems.append(_broken(value, path, "Member must be a list"))
            return
        check_length(value, path, problems)
        for index, item in enumerate(value, 1):
            check_item(item, f"{path}.{index}.member", problems)

    return check_list


def _map(shape: MapShape) -> Check:
    check_length, check_key, check_item = _length(shape), _check_of(shape.key), _check_of(shape.value)

    def check_map(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, dict):
            problems.append(_broken(value, path, "Member must be a map"))
            return
        check_length(value, path, problems)
        for key, item in value.items():
            check_key(key, path, problems)
            check_item(item, path, problems)

    return check_map


def _text(shape: Shape) -> Check:
    pattern, enum = shape.metadata.get("pattern"), shape.metadata.get("enum")
    regex = _translate(pattern) if pattern and pattern not in ANYTHING else None
    check_length, allowed = _length(shape), frozenset(enum or ())

    def check_text(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, str):
            problems.append(_broken(value, path, "Member must be a string"))
            return
        check_length(value, path, problems)
        if regex and not regex.fullmatch(value):
            problems.append(_broken(value, path, f"Member must satisfy regular expression pattern: {pattern}"))
        if allowed and value not in allowed:
            problems.append(_broken(value, path, f"Member must satisfy enum value set: [{', '.join(enum)}]"))

    return check_text


def _scalar(shape: Shape) -> Check:
    least, most, kinds = shape.metadata.get("min"), shape.metadata.get("max"), KINDS[shape.type_name]

    def check_scalar(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            problems.append(_broken(value, path, f"Member must be a {shape.type_name}"))
            return
        if least is not None and value < least:
            problems.append(_broken(value, path, f"Member must have value greater than or equal to {least}"))
        if most is not None and value > most:
            problems.append(_broken(value, path, f"Member must have value less than or equal to {most}"))

    return check_scalar


def _length(shape: Shape) -> Check:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", float("inf"))

    def check_length(value: Any, path: str, problems: list[str]) -> None:
        if not least <= len(value) <= most:
            short = len(value) < least
            bound = f"greater than or equal to {least}" if short else f"less than or equal to {most}"
            problems.append(_broken(value, path, f"Member must have length {bound}"))

    return check_length


def _broken(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _label(name: str) -> str:
    return name[0].lower() + name[1:]


def _join(path: str, label: str) -> str:
    return f"{path}.{label}" if path else label


def _translate(pattern: str) -> re.Pattern[str]:
    for java, python in JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)
