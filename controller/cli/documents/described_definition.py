"""Pipelines and state machines with their definition as a text (DescribePipeline, DescribeStateMachine, CreateStateMachine)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from controller.aws.sagemaker.read_job import BadDocument
from controller.cli.documents.found import Found, line_of
from controller.cli.documents.parse import json_value
from controller.cli.documents.pipelines import pipeline
from controller.cli.documents.step_functions import state_machine

Reader = Callable[[str, Mapping[str, Any], str], Iterator[Found] | None]

# The member by which a document is recognized, the member with the definition, the kind of document, and the reader.
DESCRIBED: tuple[tuple[str, str, str, Reader], ...] = (
    ("PipelineName", "PipelineDefinition", "DescribePipeline response", pipeline),
    ("stateMachineArn", "definition", "DescribeStateMachine response", state_machine),
    ("name", "definition", "CreateStateMachine request", state_machine),
)


def described_definition(file: str, document: Mapping[str, Any], path: str = "") -> Iterator[Found] | None:
    """The training jobs in the definition; None for a document without a definition as text."""
    for known_by, member, kind, reader in DESCRIBED:
        if known_by in document and isinstance(document.get(member), str):
            return _defined(file, document, member, kind, reader)
    return None


def _defined(file: str, document: Mapping[str, Any], member: str, kind: str, reader: Reader) -> Iterator[Found]:
    line = line_of(document)
    error = "found a definition without steps or states, wanted one"
    try:
        value = json_value(document[member], line or 1)
    except BadDocument as bad:
        error = str(bad)
    else:
        found = reader(file, value, member) if isinstance(value, Mapping) else None
        if found is not None:
            yield from (replace(one, kind=f"{kind}, {one.kind}", line=line) for one in found)
            return
    yield Found(file=file, kind=kind, path=member, line=line, error=error, request=None)
