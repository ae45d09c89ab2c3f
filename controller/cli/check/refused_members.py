"""What SageMaker would refuse in a request: in the job's definition, and in the tuning job around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.cli.check.request_constraints import documented_refusals
from controller.cli.check.request_model import corrected, model_refusals
from controller.cli.documents.found import CREATE_SHAPE, Found, said_part
from controller.cli.documents.tuning import DEFINITIONS, OUTER_SHAPE
from controller.jobs.spot_possible import Refusal
from controller.units.plural import times

TUNED_RESOURCES = "HyperParameterTuningResourceConfig"  # a tuning job's definition may have it instead of ResourceConfig
DEFINITIONS_MAX = 10  # in a tuning job
ADDED = frozenset({"TrainingJobName", "HyperParameters", "Tags"})  # added to a tuning job's definition


def refused_members(body: Mapping[str, Any], found: Found, later: Mapping[str, str]) -> list[Refusal]:
    """What SageMaker would refuse in a job's request or a tuning job's definition, without the limits of spot."""
    shape = found.request or CREATE_SHAPE
    if shape == CREATE_SHAPE:
        given, filled = body, found.filled
        documented = documented_refusals(corrected(body, shape), later)
    else:
        given, filled = {name: value for name, value in body.items() if name not in ADDED}, found.filled
        documented = [r for r in documented_refusals(body, later) if not r.field.startswith(("ResourceConfig", "Tags"))]
        if not {name.partition(".")[0] for name in (*body, *later)} & {"ResourceConfig", TUNED_RESOURCES}:
            wanted = f"a value, or {TUNED_RESOURCES}"
            documented.append(Refusal(field="ResourceConfig", found="not set", wanted=wanted))
    stated = model_refusals(given, shape, filled=filled, later=later)
    fields = {one.field for one in stated}
    return stated + [one for one in documented if one.field not in fields]


def refused_around(found: Found) -> list[Refusal]:
    """What SageMaker would refuse in a tuning job's request, except in its definitions, which are judged one by one."""
    if found.outer is None:
        return []
    said, later = said_part(found.outer)
    several = said.get(DEFINITIONS)
    request = {name: value for name, value in said.items() if name not in ("TrainingJobDefinition", DEFINITIONS)}
    refused = model_refusals(request, OUTER_SHAPE, filled=found.outer_filled, later=later)
    if "TrainingJobDefinition" in said and several is not None:
        wanted = f"TrainingJobDefinition for one, or {DEFINITIONS} for several"
        refused.append(Refusal(field=DEFINITIONS, found="set, beside TrainingJobDefinition", wanted=wanted))
    if isinstance(several, list):
        refused += _refused_names(several)
    return refused


def _refused_names(definitions: list[Any]) -> Iterator[Refusal]:
    """Refusals of a wrong number of definitions, and of names that occur twice."""
    if not 1 <= len(definitions) <= DEFINITIONS_MAX:
        yield Refusal(field=DEFINITIONS, found=f"{len(definitions)} items", wanted=f"1 to {DEFINITIONS_MAX} items")
    names = [one.get("DefinitionName") for one in definitions if isinstance(one, Mapping)]
    for name in sorted({name for name in names if isinstance(name, str) and names.count(name) > 1}):
        found = f"{name} {times(names.count(name))}"
        yield Refusal(field=f"{DEFINITIONS}[].DefinitionName", found=found, wanted="a name of its own for each definition")
