"""Faults that ``--fault`` plants in the packaged code, to see that the problem counts show them. It ships nowhere."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from controller import decide
from controller.ledger import lineage
from controller.ledger.intent import IntentResult, Stop
from controller.runtime import perform


def _plant(module: Any, name: str, fault: Any) -> None:
    """Put a fault in the place of a function. The module on Lambda has the name, or the fault would plant nothing."""
    if not hasattr(module, name):
        raise LookupError(f"{module.__name__} has no {name}")
    setattr(module, name, fault)


def _draw_names() -> None:
    """An attempt has another name at each look, so that a function that died after Create creates a second job."""

    def name(id: Any, number: int, *_: Any) -> str:
        return f"{id.root[:40]}-{secrets.token_hex(3)}" if number > 1 else str(id.root)

    _plant(lineage, "attempt_name", name)


def _answer_first() -> None:
    """The answer is stored before the call is made, so that a function that dies in between leaves nothing to do."""
    carry_out = perform._carry_out

    def answering_first(intent: Any, of: Any, ports: Any, again: Any) -> Any:
        ports.ledger.lineages.close(of.id, intent, IntentResult.DONE, "")
        return carry_out(intent, of, ports, again)

    _plant(perform, "_carry_out", answering_first)


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
    "names-are-drawn": _draw_names,
    "answer-before-call": _answer_first,
    "stops-stay-open": _forget_stops,
    "usage-is-not-recorded": _record_nothing,
}
"""Each by its name on the command line. The first two show only where processes die."""
