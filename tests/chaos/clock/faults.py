"""Faults that ``--fault`` plants in the packaged code, to see that the problem counts show them. It ships nowhere."""

from collections.abc import Callable, Mapping
from typing import Any

from controller import decide
from controller.ledger.intent import Stop
from controller.runtime.perform import perform


def _plant(module: Any, name: str, fault: Any) -> None:
    """Put a fault in the place of a function. The module on Lambda has the name, or the fault would plant nothing."""
    if not hasattr(module, name):
        raise LookupError(f"{module.__name__} has no {name}")
    setattr(module, name, fault)


def _forget_stops() -> None:
    """The answer to a Stop is not stored, so that it stays open."""
    close = perform._close

    def closing(intent: Any, of: Any, ports: Any, result: Any, why: str) -> Any:
        return result if isinstance(intent.action, Stop) else close(intent, of, ports, result, why)

    _plant(perform, "_close", closing)


def _record_nothing() -> None:
    """The usage of a job that ended is not recorded."""
    kept = tuple(one for one in decide.DECIDERS if one.name != "record_usage")
    if len(kept) == len(decide.DECIDERS):
        raise LookupError("no decider records usage")
    decide.DECIDERS = kept


FAULTS: Mapping[str, Callable[[], None]] = {
    "stops-stay-open": _forget_stops,
    "usage-is-not-recorded": _record_nothing,
}
"""Each by its name on the command line."""
