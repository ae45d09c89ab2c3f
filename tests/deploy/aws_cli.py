"""A command of the AWS CLI, held to botocore's models: its service, its operation, each option and the type of its value.

``call_of`` reads a command, ``answer`` makes the call. The CLI itself pins another botocore than this project and has an
environment of its own; ``tests/deploy/test_docs_commands.py`` gives it the same commands in ``make nightly``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import jmespath
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, Shape
from botocore.session import Session
from botocore.validate import ParamValidator

GLOBAL = {"region", "profile", "output", "query", "endpoint-url", "no-cli-pager"}
RENAMED = {("sns", "subscribe", "endpoint"): "notification-endpoint"}  # where the CLI's word is not that of the model
OUTPUTS = ("json", "text", "table", "yaml")
S3 = {"mb": {"region"}, "rb": {"region", "force"}, "ls": {"region", "recursive"}, "cp": {"region", "recursive"}}


class NoSuchCommand(Exception):
    """The AWS CLI does not take this command. The message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: its service, its operation in botocore's form, its arguments, and the CLI's own options."""

    service: str
    operation: str
    arguments: Mapping[str, Any]
    own: Mapping[str, str]


def call_of(words: Sequence[str]) -> Call:
    """Read a command without its first word, ``aws``. Raises NoSuchCommand."""
    if len(words) < 2:
        raise NoSuchCommand(f"found aws {' '.join(words)}, wanted a service and an operation")
    service, operation, *rest = words
    if service == "s3":
        return _s3(operation, rest)
    try:
        model = _session().get_service_model(service)
    except UnknownServiceError:
        raise NoSuchCommand(f"there is no service {service!r}") from None
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        raise NoSuchCommand(f"{service} has no operation {operation!r}")
    own: dict[str, str] = {}
    given: dict[str, Any] = {}
    shape = model.operation_model(names[operation])
    members = {xform_name(name, "-"): name for name in _members(shape)}
    members = {RENAMED.get((service, operation, option), option): name for option, name in members.items()}
    for option, values in _options(rest):
        if option in GLOBAL:
            own[option] = _one(option, values)
        elif option in members:
            given[members[option]] = _value(option, values, _members(shape)[members[option]])
        elif option.startswith("no-") and option[3:] in members:
            given[members[option[3:]]] = False
        else:
            raise NoSuchCommand(f"{service} {operation} has no option --{option}")
    if shape.input_shape is not None:
        problems = ParamValidator().validate(given, shape.input_shape)
        if problems.has_errors():
            raise NoSuchCommand(f"{service} {operation}: {problems.generate_report()}")
    if own.get("output", "json") not in OUTPUTS:
        raise NoSuchCommand(f"found --output {own['output']}, wanted one of {', '.join(OUTPUTS)}")
    return Call(service=service, operation=xform_name(names[operation]), arguments=given, own=own)


def answer(call: Call) -> str:
    """Make the call with the credentials and endpoints of the environment; returns what the CLI prints."""
    client = boto3.client(call.service, region_name=call.own.get("region"))  # type: ignore[call-overload]
    found = getattr(client, call.operation)(**call.arguments)
    found.pop("ResponseMetadata", None)
    if "query" in call.own:
        found = jmespath.search(call.own["query"], found)
    if call.own.get("output") == "text" and isinstance(found, str):
        return f"{found}\n"
    return json.dumps(found, indent=4, default=lambda value: value.isoformat()) + "\n"


@cache
def _session() -> Session:
    return Session()


def _members(operation: OperationModel) -> Mapping[str, Shape]:
    return operation.input_shape.members if operation.input_shape is not None else {}


def _s3(command: str, words: Sequence[str]) -> Call:
    if command not in S3:
        raise NoSuchCommand(f"s3 has no command {command!r}, as far as is known here")
    places = [word for word in words[:2] if not word.startswith("--")]
    own = {}
    for option, values in _options(words[len(places) :]):
        if option not in S3[command]:
            raise NoSuchCommand(f"s3 {command} has no option --{option}, as far as is known here")
        own[option] = " ".join(values)
    if command != "mb" or len(places) != 1 or not places[0].startswith("s3://"):
        raise NoSuchCommand(f"found aws s3 {command} {' '.join(places)}, wanted aws s3 mb s3://BUCKET")
    return Call(service="s3", operation="create_bucket", arguments={"Bucket": places[0].removeprefix("s3://")}, own=own)


def _options(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each option with the words up to the next one."""
    rest = list(words)
    while rest:
        option = rest.pop(0)
        if not option.startswith("--"):
            raise NoSuchCommand(f"found {option!r}, wanted an option that begins with --")
        values = []
        while rest and not rest[0].startswith("--"):
            values.append(rest.pop(0))
        yield option[2:], values


def _one(option: str, values: Sequence[str]) -> str:
    if len(values) != 1:
        raise NoSuchCommand(f"--{option}: found {len(values)} values, wanted one")
    return values[0]


def _value(option: str, values: Sequence[str], shape: Shape) -> Any:
    """The value of an option, in the type that the model says."""
    kind = shape.type_name
    if kind == "boolean":
        if values:
            raise NoSuchCommand(f"--{option} is a switch: found {values[0]!r} after it")
        return True
    if kind == "list":
        if not values:
            raise NoSuchCommand(f"--{option}: found no value")
        if values[0].startswith("["):
            return _json(option, values[0])
        return [_value(option, [value], shape.member) for value in values]  # type: ignore[attr-defined]
    value = _one(option, values)
    if kind in ("structure", "map"):
        return _json(option, value) if value.startswith("{") else _shorthand(option, value, shape)
    if kind in ("integer", "long"):
        if not value.lstrip("-").isdigit():
            raise NoSuchCommand(f"--{option}: found {value!r}, wanted a whole number")
        return int(value)
    return value


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise NoSuchCommand(f"--{option}: {error}") from None


def _shorthand(option: str, text: str, shape: Shape) -> dict[str, Any]:
    """``Key=value,Key=value`` of a structure with plain members."""
    found: dict[str, Any] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        members: Mapping[str, Shape] = getattr(shape, "members", {})
        if not equals or (members and name not in members):
            raise NoSuchCommand(f"--{option}: found {part!r}, wanted {', '.join(f'{one}=…' for one in members)}")
        kind = members[name].type_name if members else "string"
        found[name] = value == "true" if kind == "boolean" and value in ("true", "false") else value
    return found
