"""Terraform plans (``terraform show -json``): training jobs, state machines and pipelines, with values known after apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from controller.aws.sagemaker.read_job import BadDocument
from controller.cli.check.request_model import shape
from controller.cli.documents.found import FilledInLater, Found, beside, joined, line_of, templated
from controller.cli.documents.member_names import renamed
from controller.cli.documents.parse import json_value
from controller.cli.documents.pipelines import pipeline
from controller.cli.documents.step_functions import state_machine

KIND = "Terraform plan"
JOB = "aws_sagemaker_training_job"
DEFINITIONS = {
    "aws_sfn_state_machine": ("definition", state_machine),
    "aws_sagemaker_pipeline": ("pipeline_definition", pipeline),
}
# Blocks of the Terraform provider → members of SageMaker's request.
BLOCKS = {
    "checkpoint_config": "CheckpointConfig", "stopping_condition": "StoppingCondition", "resource_config": "ResourceConfig",
    "output_data_config": "OutputDataConfig", "algorithm_specification": "AlgorithmSpecification", "vpc_config": "VpcConfig",
}  # fmt: skip


def plan(file: str, document: Mapping[str, Any], path: str = "") -> Iterator[Found] | None:
    """The training jobs in a plan; None for any other document."""
    if "terraform_version" not in document and "planned_values" not in document and "resource_changes" not in document:
        return None
    return iter(beside(_plan(file, document, path)))


def _plan(file: str, document: Mapping[str, Any], path: str) -> Iterator[Found]:
    resources = list(_changes(document)) or list(_planned(document))
    found = False
    for place, address, type_, after, unknown, line in resources:
        kind = f"{KIND}, {address}"
        if type_ == JOB:
            found = True
            body = templated(_request(after, unknown))
            yield Found(file=file, kind=kind, path=joined(path, place), line=line, body=body, name=address, tool="terraform")
        elif type_ in DEFINITIONS:
            found = True
            member, reader = DEFINITIONS[type_]
            text = after.get(member)
            yield from _defined(file, kind, joined(path, joined(place, member)), line, text, reader)
    if not found:
        wanted = ", ".join((JOB, *DEFINITIONS))
        error = f"found none of {wanted} in this plan: only these create training jobs"
        yield Found(file=file, kind=KIND, path=path, line=line_of(document), error=error, request=None)


def _defined(file: str, kind: str, path: str, line: int | None, text: Any, reader: Any) -> Iterator[Found]:
    error = "its definition is known after apply, so it cannot be checked here"
    if isinstance(text, str):
        try:
            value = json_value(text, line or 1)
        except BadDocument as bad:
            error = str(bad)
        else:
            found = reader(file, value, path) if isinstance(value, Mapping) else None
            if found is not None:
                for one in found:
                    yield replace(one, kind=f"{kind}, {one.kind}", line=line)
                return
            error = "found a definition without steps or states, wanted one"
    yield Found(file=file, kind=kind, path=path, line=line, error=error, request=None)


Resource = tuple[str, str, str, Mapping[str, Any], Any, int | None]


def _changes(document: Mapping[str, Any]) -> Iterator[Resource]:
    changes = document.get("resource_changes")
    for number, one in enumerate(changes if isinstance(changes, list) else ()):
        change = one.get("change") if isinstance(one, Mapping) else None
        if not isinstance(change, Mapping) or not isinstance(change.get("after"), Mapping):
            continue
        place = joined(joined("resource_changes", number), "change.after")
        yield (
            place,
            str(one.get("address", "")),
            str(one.get("type", "")),
            change["after"],
            change.get("after_unknown"),
            line_of(one),
        )


def _planned(document: Mapping[str, Any]) -> Iterator[Resource]:
    for member in ("planned_values", "values"):
        values = document.get(member)
        root = values.get("root_module") if isinstance(values, Mapping) else None
        if isinstance(root, Mapping):
            yield from _module(root, f"{member}.root_module")
            return


def _module(module: Mapping[str, Any], path: str) -> Iterator[Resource]:
    resources, children = module.get("resources"), module.get("child_modules")
    for number, one in enumerate(resources if isinstance(resources, list) else ()):
        if isinstance(one, Mapping) and isinstance(one.get("values"), Mapping):
            place = joined(joined(joined(path, "resources"), number), "values")
            yield place, str(one.get("address", "")), str(one.get("type", "")), one["values"], None, line_of(one)
    for number, child in enumerate(children if isinstance(children, list) else ()):
        if isinstance(child, Mapping):
            yield from _module(child, joined(joined(path, "child_modules"), number))


def _request(after: Mapping[str, Any], unknown: Any) -> Any:
    """The CreateTrainingJob request of a resource. In a plan, a block is a list with one object."""
    merged = _merged(after, unknown)
    if isinstance(merged, FilledInLater):
        return dict.fromkeys(shape("CreateTrainingJobRequest").members, merged)
    known = renamed(_unblocked(merged), "CreateTrainingJobRequest")
    tags = known.get("tags_all") or known.get("Tags")
    members = shape("CreateTrainingJobRequest").members
    body = {name: value for name, value in known.items() if name in members and value not in (None, [], {})}
    if isinstance(tags, Mapping):
        body["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return body


def _unblocked(value: Any, inside: bool = False) -> Any:
    """The value with one object in place of each list of one, and without members that are null or an empty list."""
    if isinstance(value, Mapping):
        return {k: _unblocked(v, True) for k, v in value.items() if v is not None and v != []}
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping) and inside:
        return _unblocked(value[0], True)
    return [_unblocked(item, True) for item in value] if isinstance(value, list) else value


def _merged(after: Any, unknown: Any) -> Any:
    """The planned values (``after``), with ``FilledInLater`` for values that are only known after apply."""
    if unknown is True:
        return FilledInLater(why="known after apply")
    if isinstance(unknown, Mapping) and isinstance(after, Mapping | None):
        whole = dict(after or {})
        for name, item in unknown.items():
            if item is True or isinstance(item, Mapping | list):
                merged = _merged(whole.get(name), item)
                if merged is not None:
                    whole[name] = merged
        return whole
    if isinstance(unknown, list) and isinstance(after, list):
        return [_merged(item, unknown[n]) if n < len(unknown) else item for n, item in enumerate(after)]
    return after
