"""SageMaker Pipelines definitions: their Training and Tuning steps, also inside Condition steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.aws.sagemaker.read_job import DocumentKind
from controller.cli.documents.found import CREATE_SHAPE, FilledInLater, Found, Located, joined, line_of, templated
from controller.cli.documents.tuning import NAME, tuning_jobs
from controller.jobs.job import Service

KIND = "SageMaker Pipelines definition"


def pipeline(file: str, document: Mapping[str, Any], path: str = "") -> Iterator[Found] | None:
    """The training jobs in a pipeline's definition; None for any other document."""
    steps = document.get("Steps")
    if not isinstance(steps, list) or not ("Version" in document or all(isinstance(s, Mapping) and "Type" in s for s in steps)):
        return None
    return _pipeline(file, document, path)


def _pipeline(file: str, document: Mapping[str, Any], path: str) -> Iterator[Found]:
    found = False
    for place, step in _steps(document["Steps"], joined(path, "Steps")):
        arguments = step.get("Arguments")
        if step.get("Type") not in ("Training", "Tuning") or not isinstance(arguments, Mapping):
            continue
        found, name = True, str(step.get("Name") or "step")
        filled = templated(_filled(arguments))
        if step["Type"] == "Tuning":
            named = {"HyperParameterTuningJobName": name, **filled}
            for one in tuning_jobs(file, named, joined(place, "Arguments"), kind=f"{KIND}, step {name}", named=NAME in filled):
                yield Found(
                    **{**_fields(one), "service": Service.PIPELINES, "line": one.line or line_of(step), "tool": "pipeline"}
                )
            continue
        yield Found(
            file=file, kind=f"{KIND}, step {name}", path=joined(place, "Arguments"), line=line_of(step), body=filled,
            base=DocumentKind.CREATE, request=CREATE_SHAPE, filled=frozenset({"TrainingJobName"}), name=name,
            service=Service.PIPELINES, tool="pipeline",
        )  # fmt: skip
    if not found:
        kinds = ", ".join(sorted({str(step.get("Type")) for _, step in _steps(document["Steps"], "")})) or "none"
        error = f"found steps of type {kinds}, wanted a Training or Tuning step: only training jobs are checked"
        yield Found(file=file, kind=KIND, path=path, line=line_of(document), error=error, request=None, idle=True)


def _fields(found: Found) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Found.__dataclass_fields__}


def _steps(steps: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(steps, list):
        return
    for number, step in enumerate(steps):
        if not isinstance(step, Mapping):
            continue
        place = joined(path, number)
        yield place, step
        arguments = step.get("Arguments")
        if isinstance(arguments, Mapping):
            for branch in ("IfSteps", "ElseSteps"):
                yield from _steps(arguments.get(branch), joined(place, f"Arguments.{branch}"))


def _filled(value: Any) -> Any:
    """The arguments with ``FilledInLater`` in place of what the pipeline fills in: ``{"Get": …}`` and ``{"Std:Join": …}``."""
    if isinstance(value, Mapping):
        if len(value) == 1:
            (name,) = value
            if name == "Get":
                return FilledInLater(why=str(value[name]))
            if str(name).startswith("Std:"):
                return FilledInLater(why=str(name))
        changed = Located({name: _filled(item) for name, item in value.items()})
        changed.line = line_of(value)
        return changed
    return [_filled(item) for item in value] if isinstance(value, list) else value
