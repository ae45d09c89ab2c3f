"""The path without one of its fences at a time: each must be caught. ``python -m tests.simulation.mutants`` prints the table."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from controller import decide, resubmission
from controller.adapters.sagemaker import SageMakerJobs
from controller.decision import Decision
from controller.intent import Closed
from controller.shell import perform, reconcile, sweep
from controller.shell.ports import Done, Later
from tests.simulation.memory import MemoryLedger
from tests.simulation.run import lived

SEEDS_MAX = 300

Change = tuple[object, str, Callable[[Any], Any]]


def _random_names(_: Any) -> Any:
    numbers = itertools.count()
    return lambda lineage, number: f"{lineage.root[:40]}-{next(numbers):06d}"


def _unversioned(commit: Any) -> Any:
    return lambda self, lineage, decision: commit(self, replace(lineage, version=self.head(lineage.id)), decision)


def _close_first(carry_out: Any) -> Any:
    def closing_first(intent: Any, lineage: Any, ports: Any, again: Any) -> Any:
        ports.ledger.close(lineage.id, intent, Closed.DONE, "")
        return carry_out(intent, lineage, ports, again)

    return closing_first


def _stop_at_once(stop: Any) -> Any:
    def stopping(self: Any, name: str) -> Any:
        answer = stop(self, name)
        return Done("asked") if isinstance(answer, Later) else answer

    return stopping


MUTANTS: Mapping[str, Change] = {
    "random names": (resubmission, "attempt_name", _random_names),
    "never close": (MemoryLedger, "close", lambda _: lambda self, lineage, intent, closed, why: True),
    "commit without version": (MemoryLedger, "commit", _unversioned),
    "no new_to": (Decision, "new_to", lambda _: lambda self, lineage, about: self),
    "no sweep": (sweep, "sweep", lambda _: lambda ports: sweep.Rounds()),
    "close before perform": (perform, "_carry_out", _close_first),
    "no wake": (decide, "keep_watch", lambda _: lambda facts: Decision()),
    "stop closes at once": (SageMakerJobs, "stop", _stop_at_once),
    "a deleted job is not let go of": (reconcile, "_let_go", lambda _: lambda name, lineage, ports: None),
}


@contextmanager
def mutated(change: Change) -> Iterator[None]:
    """Break one function for a while."""
    owner, name, broken = change
    whole = getattr(owner, name)
    setattr(owner, name, broken(whole))
    try:
        yield
    finally:
        setattr(owner, name, whole)


def caught(name: str, first: int = 0) -> tuple[int, str] | None:
    """The first seed that catches a mutant, and what it says; None when 300 seeds do not."""
    with mutated(MUTANTS[name]):
        for seed in range(first, first + SEEDS_MAX):
            _, violation = lived(seed)
            if violation:
                return seed, violation
    return None


def main() -> int:
    """Print which seed catches which mutant; exit code 1 when one escapes."""
    escaped = 0
    for name in MUTANTS:
        found = caught(name)
        escaped += found is None
        print(f"{name:32} {'ESCAPED' if found is None else f'seed {found[0]}: {found[1][:120]}'}", flush=True)
    return 1 if escaped else 0


if __name__ == "__main__":
    raise SystemExit(main())
