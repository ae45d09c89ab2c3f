"""CloudFormation and SAM templates: their state machines, pipelines and SDK calls, with intrinsic functions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from controller.aws.sagemaker.read_job import BadDocument
from controller.cli.documents.found import CREATE_SHAPE, FilledInLater, Found, Located, beside, joined, line_of, templated
from controller.cli.documents.member_names import renamed
from controller.cli.documents.parse import json_value
from controller.cli.documents.pipelines import pipeline
from controller.cli.documents.step_functions import state_machine

KIND = "CloudFormation template"
MACHINES = ("AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine")
PIPELINE = "AWS::SageMaker::Pipeline"
SDK_CALL = "Custom::AWS"  # the AWS CDK's AwsCustomResource, which makes one SDK call


def template(file: str, document: Mapping[str, Any], path: str = "") -> Iterator[Found] | None:
    """The training jobs in a template; None for any other document."""
    resources = document.get("Resources")
    if not isinstance(resources, Mapping) or not any(isinstance(r, Mapping) and "Type" in r for r in resources.values()):
        return None
    return iter(beside(_template(file, resources, path, line_of(document))))


def _template(file: str, resources: Mapping[str, Any], path: str, line: int | None) -> Iterator[Found]:
    found = False
    for name, resource in resources.items():
        if isinstance(resource, Mapping) and resource.get("Type") == SDK_CALL:
            for one in _sdk_calls(file, resource, joined(joined(path, "Resources"), str(name))):
                found = True
                yield one
            continue
        if not isinstance(resource, Mapping) or resource.get("Type") not in (*MACHINES, PIPELINE):
            continue
        found = True
        properties = resource.get("Properties")
        properties = properties if isinstance(properties, Mapping) else {}
        place = joined(joined(joined(path, "Resources"), str(name)), "Properties")
        for one in _resource(file, str(resource["Type"]), properties, place, line_of(resource)):
            yield replace(one, kind=f"{KIND}, {one.kind}" if one.kind else KIND, line=one.line or line_of(resource))
    if not found:
        error = f"found no {MACHINES[0]}, {MACHINES[1]} or {PIPELINE} in this template: only these create training jobs"
        yield Found(file=file, kind=KIND, path=path, line=line, error=error, request=None)


def _sdk_calls(file: str, resource: Mapping[str, Any], place: str) -> Iterator[Found]:
    """The training jobs that an AwsCustomResource creates: ``Create`` and ``Update`` are each one SDK call, as JSON text."""
    properties = resource.get("Properties")
    line = line_of(resource)
    for member in ("Create", "Update"):
        given = properties.get(member) if isinstance(properties, Mapping) else None
        try:
            call = _definition(given, line) if given is not None else None
        except BadDocument:
            continue
        action = str(call.get("action", "")) if isinstance(call, Mapping) else ""
        if not isinstance(call, Mapping) or action.lower() not in ("createtrainingjob", "createtrainingjobcommand"):
            continue
        at = joined(joined(joined(place, "Properties"), member), "parameters")
        given, kind = call.get("parameters") or {}, f"{KIND}, {SDK_CALL}"
        if isinstance(given, Mapping):
            yield Found(file=file, kind=kind, path=at, line=line, body=templated(renamed(given, CREATE_SHAPE)))
        else:
            error = "found no object with named members, wanted the request of a training job"
            yield Found(file=file, kind=kind, path=at, line=line, error=error, request=None)


def _resource(file: str, type_: str, properties: Mapping[str, Any], place: str, line: int | None) -> Iterator[Found]:
    reader = pipeline if type_ == PIPELINE else state_machine
    given = properties.get("PipelineDefinition") if type_ == PIPELINE else properties
    given = given if isinstance(given, Mapping) else {}
    members = ("PipelineDefinitionBody",) if type_ == PIPELINE else ("Definition", "DefinitionString")
    member = next((one for one in members if one in given), None)
    if member is None:
        uri = next((str(v) for k, v in given.items() if k in ("DefinitionUri", "DefinitionS3Location")), "elsewhere")
        error = f"its definition is in {uri}, which is not part of this file: check that file"
        yield Found(file=file, kind=type_, path=place, line=line, error=error, request=None)
        return
    at = joined(place, member)
    begins = line_of(given[member])  # known for a text of several lines; any other text is on one line
    try:
        definition = _definition(given[member], begins or line)
    except BadDocument as error:
        yield Found(file=file, kind=type_, path=at, line=line, error=str(error), request=None)
        return
    found = reader(file, definition, at) if isinstance(definition, Mapping) else None
    if found is None:
        error_text = "its definition is filled in when the stack is created, so it cannot be checked here"
        yield Found(file=file, kind=type_, path=at, line=line, error=error_text, request=None)
    elif isinstance(given[member], str) and begins is None:
        yield from (replace(one, line=line) for one in found)
    else:
        yield from found


def _definition(given: Any, line: int | None) -> Any:
    """A definition, which is an object or a JSON text. Raises BadDocument."""
    given = resolved(given)
    if isinstance(given, str):
        return resolved(json_value(given, line or 1))
    return given


def resolved(value: Any) -> Any:
    """The value with long forms of intrinsic functions (``{"Fn::Sub": …}``, ``{"Ref": …}``) replaced: by text with placeholders,
    or by ``FilledInLater``.
    """
    if isinstance(value, Mapping):
        if len(value) == 1:
            (name,), (given,) = value.keys(), value.values()
            if name == "Fn::Sub":
                text = given[0] if isinstance(given, list) and given else given
                return text if isinstance(text, str) else FilledInLater(why="Fn::Sub")
            if name == "Fn::Join" and isinstance(given, list) and len(given) == 2 and isinstance(given[1], list):
                parts = [resolved(part) for part in given[1]]
                return str(given[0]).join(part if isinstance(part, str) else "${…}" for part in parts)
            if name == "Fn::ToJsonString":
                return resolved(given)
            if str(name).startswith("Fn::") or name in ("Ref", "Condition"):
                return FilledInLater(why=f"{name} {given if isinstance(given, str) else json.dumps(given, default=str)[:60]}")
        changed = Located({name: resolved(item) for name, item in value.items()})
        changed.line = line_of(value)
        return changed
    return [resolved(item) for item in value] if isinstance(value, list) else value
