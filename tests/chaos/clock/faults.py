"""Faults that ``--fault`` puts into the packaged code, to test that the problem counts show them. Not part of the package."""

from collections.abc import Callable, Mapping
from typing import Any

from controller import decide
from controller.ledger.intent import Stop
from controller.runtime.perform import perform


def _plant(module: Any, name: str, fault: Any) -> None:
    """Replace a function of a module by a fault. Raises LookupError if the module does not have it."""
    if not hasattr(module, name):
        raise LookupError(f"{module.__name__} has no {name}")
    setattr(module, name, fault)


def _forget_stops() -> None:
    """Do not store the result of a Stop, so that the intent stays open."""
    close = perform._close

    def closing(intent: Any, of: Any, ports: Any, result: Any, why: str) -> Any:
        return result if isinstance(intent.action, Stop) else close(intent, of, ports, result, why)

    _plant(perform, "_close", closing)


def _record_nothing() -> None:
    """Do not record the usage of ended jobs."""
    kept = tuple(one for one in decide.DECIDERS if one.name != "record_usage")
    if len(kept) == len(decide.DECIDERS):
        raise LookupError("no decider records usage")
    decide.DECIDERS = kept


FAULTS: Mapping[str, Callable[[], None]] = {
    "stops-stay-open": _forget_stops,
    "usage-is-not-recorded": _record_nothing,
}
"""The faults by their names on the command line."""
