"""Step Functions state machines: the tasks that create training and tuning jobs, with JSONPath and with JSONata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from controller.cli.documents.found import FilledInLater, Found, Located, joined, line_of, templated
from controller.cli.documents.member_names import renamed
from controller.cli.documents.tuning import tuning_jobs
from controller.jobs.job import Service

KIND = "Step Functions state machine"
CREATES = re.compile(r".*:states:.*:(?:aws-sdk:)?sagemaker:create(TrainingJob|HyperParameterTuningJob)(\.\S+)?", re.IGNORECASE)


def state_machine(file: str, document: Mapping[str, Any], path: str = "") -> Iterator[Found] | None:
    """The training jobs that a state machine creates; None for any other document."""
    if not isinstance(document.get("States"), Mapping):
        return None
    return _machine(file, document, path)


def parameters_with_paths(document: Mapping[str, Any]) -> Any:
    """The parameters of a task, with ``FilledInLater`` for members that end in ``.$`` and for texts in ``{% %}``."""
    return templated(_filled(document))


def has_paths(value: Any) -> bool:
    """Whether a member that ends in ``.$`` is anywhere in a document."""
    if isinstance(value, Mapping):
        return any(str(name).endswith(".$") or has_paths(item) for name, item in value.items())
    return isinstance(value, list) and any(has_paths(item) for item in value)


def _machine(file: str, document: Mapping[str, Any], path: str) -> Iterator[Found]:
    found = False
    for place, state in _states(document, path):
        resource = state.get("Resource")
        created = CREATES.fullmatch(resource) if isinstance(resource, str) else None
        if created is None:
            continue
        found = True
        member = "Parameters" if isinstance(state.get("Parameters"), Mapping) else "Arguments"
        given = state.get(member)
        name = place.rpartition(".")[2]
        waits = bool(created[2])
        line = line_of(given) or line_of(state)
        if not isinstance(given, Mapping):
            body: Any = {
                n: FilledInLater(why=f"the input of the state {name}") for n in ("ResourceConfig", "StoppingCondition", "Tags")
            }
            body |= {
                n: FilledInLater(why=f"the input of the state {name}") for n in ("EnableManagedSpotTraining", "CheckpointConfig")
            }
            body |= {n: FilledInLater(why=f"the input of the state {name}") for n in ("AlgorithmSpecification", "RoleArn")}
            body |= {
                "OutputDataConfig": FilledInLater(why=f"the input of the state {name}"),
                "TrainingJobName": FilledInLater(why="its input"),
            }
        else:
            shape = f"Create{created[1][0].upper()}{created[1][1:]}Request"
            body = renamed(parameters_with_paths(given), shape)
        kind, at = f"{KIND}, state {name}", joined(place, member)
        if created[1].lower() != "trainingjob":
            yield from tuning_jobs(file, body, at, kind=kind)
            continue
        yield Found(
            file=file, kind=kind, path=at, line=line, body=body, name=name, tool="step-functions",
            service=Service.STEP_FUNCTIONS if waits else None,
        )  # fmt: skip
    if not found:
        error = "found no state that creates a training job (arn:aws:states:::sagemaker:createTrainingJob), wanted at least one"
        yield Found(file=file, kind=KIND, path=path, line=line_of(document), error=error, request=None, idle=True)


def _states(machine: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every state with its path, also those in Parallel branches and in Map states."""
    states = machine.get("States")
    if not isinstance(states, Mapping):
        return
    for name, state in states.items():
        if not isinstance(state, Mapping):
            continue
        place = joined(joined(path, "States"), str(name))
        yield place, state
        branches = state.get("Branches")
        for number, branch in enumerate(branches if isinstance(branches, list) else ()):
            if isinstance(branch, Mapping):
                yield from _states(branch, joined(joined(place, "Branches"), number))
        for member in ("Iterator", "ItemProcessor"):
            if isinstance(state.get(member), Mapping):
                yield from _states(state[member], joined(place, member))


def _filled(value: Any) -> Any:
    if isinstance(value, Mapping):
        changed = Located()
        changed.line = line_of(value)
        for name, item in value.items():
            if str(name).endswith(".$"):
                changed[str(name).removesuffix(".$")] = FilledInLater(why=str(item))
            else:
                changed[name] = _filled(item)
        return changed
    if isinstance(value, list):
        return [_filled(item) for item in value]
    return FilledInLater(why=value) if isinstance(value, str) and value.strip().startswith("{%") else value
