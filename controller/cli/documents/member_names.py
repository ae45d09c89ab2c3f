"""Renames members to SageMaker's names: other tools write ``trainingJobName``, ``training_job_name`` or ``roleARN``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.cli.check.request_model import shape
from controller.cli.documents.found import Located, line_of


def renamed(document: Any, shape_name: str) -> Any:
    """The document with the member names of a shape in botocore's model; a member that the shape does not have keeps its name."""
    return _renamed(document, shape(shape_name))


def _renamed(value: Any, of: Any) -> Any:
    if isinstance(value, Mapping) and of.type_name == "structure":
        names = {_plain(name): name for name in of.members}
        changed = Located()
        changed.line = line_of(value)
        for name, item in value.items():
            known = names.get(_plain(str(name)))
            changed[known or name] = _renamed(item, of.members[known]) if known else item
        return changed
    if isinstance(value, list) and of.type_name == "list":
        return [_renamed(item, of.member) for item in value]
    return value


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
