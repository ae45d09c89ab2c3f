"""What a training instance type consists of, and which other types can replace it.

The data is in ``data/instances.json``, which ``infra/derive_instances.py`` writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path

from controller.units.value import dataclass

DATA = Path(__file__).resolve().parents[1] / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """What one instance contains. Memory is in MiB; ``accelerator_mib`` is that of one accelerator.

    ``architecture`` is that of its CPU. ``accelerator`` is its maker and model, such as "NVIDIA A10G"; None without accelerators.
    """

    architecture: str
    accelerator: str | None
    accelerators: int
    accelerator_mib: int
    vcpus: int
    memory_mib: int


def instance(instance_type: str) -> Instance | None:
    """The data of an instance type; None for an unknown type."""
    return _table().get(instance_type)


def instance_types() -> Iterable[str]:
    """Every instance type that SageMaker offers for training."""
    return _table().keys()


@lru_cache(maxsize=200)
def equivalents(instance_type: str) -> tuple[str, ...]:
    """Other types with the same kind and number of accelerators and at least as much memory; the most similar first.

    A checkpoint may not load on other accelerators or on another number of them, and another kind trains at another speed. A
    policy that allows such types names them. For a type without accelerators: at least as many vCPUs and as much memory. Empty
    for an unknown type.
    """
    wanted = instance(instance_type)
    if wanted is None:
        return ()
    fit = (name for name, other in _table().items() if name != instance_type and _does(other, wanted))
    return tuple(sorted(fit, key=lambda name: _surplus(_table()[name], name)))


def difference(instance_type: str, wanted: str) -> tuple[bool, int, int, int, int]:
    """How much a type differs from the wanted one, as a key to sort by.

    Its parts: whether the accelerators have another maker (or one type has none), so that the code may not run; the difference in
    the number of accelerators; the missing memory of an accelerator (MiB); the difference in vCPUs; the missing memory (MiB). An
    unknown type counts as another maker. No type differs from an unknown wanted type.
    """
    other, own = instance(instance_type), instance(wanted)
    if other is None or own is None:
        return own is not None, 0, 0, 0, 0
    return (
        _maker(other) != _maker(own),
        abs(other.accelerators - own.accelerators),
        max(own.accelerator_mib - other.accelerator_mib, 0),
        abs(other.vcpus - own.vcpus),
        max(own.memory_mib - other.memory_mib, 0),
    )


def _maker(one: Instance) -> str:
    """The maker of its accelerators, such as NVIDIA; empty without accelerators."""
    return (one.accelerator or "").partition(" ")[0]


def _does(other: Instance, wanted: Instance) -> bool:
    return (
        other.architecture == wanted.architecture
        and (other.accelerator, other.accelerators) == (wanted.accelerator, wanted.accelerators)
        and other.accelerator_mib >= wanted.accelerator_mib
        and other.memory_mib >= wanted.memory_mib
        and (wanted.accelerators > 0 or other.vcpus >= wanted.vcpus)
    )


def _surplus(other: Instance, name: str) -> tuple[int, int, int, str]:
    """A key that sorts suitable types by size. Accelerator memory counts first, because it costs most."""
    return other.accelerator_mib, other.memory_mib, other.vcpus, name


@cache
def _table() -> Mapping[str, Instance]:
    document = json.loads((DATA / "instances.json").read_text("utf-8"))
    columns = document["columns"]
    return {name: Instance(**dict(zip(columns, row, strict=True))) for name, row in document["instances"].items()}
