"""Which machine a training instance type is, and which others would do in its place.

``data/instances.json`` says it, and how to derive it again (``infra/derive_instances.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """What is in one machine; memory in MiB, of accelerators each."""

    architecture: str
    accelerator: str | None
    accelerators: int
    accelerator_mib: int
    vcpus: int
    memory_mib: int


def instance(instance_type: str) -> Instance | None:
    """The machine behind a type; None for a type that nobody knows."""
    return _table().get(instance_type)


def instance_types() -> Iterable[str]:
    """Every type that training offers."""
    return _table().keys()


def equivalents(instance_type: str) -> tuple[str, ...]:
    """Other types with the same kind and number of accelerators, and as much memory or more; the closest first.

    A checkpoint of other accelerators, or of another number of them, may not load, and another kind trains at another speed. A
    policy that wants such types names them. Of a machine without accelerators: as many vCPUs and as much memory, or more. None
    for a type that nobody knows.
    """
    wanted = instance(instance_type)
    if wanted is None:
        return ()
    fit = (name for name, other in _table().items() if name != instance_type and _does(other, wanted))
    return tuple(sorted(fit, key=lambda name: _surplus(_table()[name], name)))


def _does(other: Instance, wanted: Instance) -> bool:
    return (
        other.architecture == wanted.architecture
        and (other.accelerator, other.accelerators) == (wanted.accelerator, wanted.accelerators)
        and other.accelerator_mib >= wanted.accelerator_mib
        and other.memory_mib >= wanted.memory_mib
        and (wanted.accelerators > 0 or other.vcpus >= wanted.vcpus)
    )


def _surplus(other: Instance, name: str) -> tuple[int, int, int, str]:
    """How much more it is than anybody asked for: accelerator memory weighs most, since it costs most."""
    return other.accelerator_mib, other.memory_mib, other.vcpus, name


@cache
def _table() -> Mapping[str, Instance]:
    document = json.loads(files("controller").joinpath("data/instances.json").read_text("utf-8"))
    columns = document["columns"]
    return {name: Instance(**dict(zip(columns, row, strict=True))) for name, row in document["instances"].items()}
