"""Runs a seed and checks the invariants. A failing history is minimised before it is reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.simulation.faults import Faults
from tests.simulation.history import History
from tests.simulation.rest_invariants import check
from tests.simulation.world_invariants import Violation

LINES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a seed. ``schedule`` are the last lines of the log of the smallest history that still fails."""

    seed: int
    violation: str
    happened: Mapping[str, int]
    kinds: tuple[str, ...] = ()
    schedule: tuple[str, ...] = ()

    def report(self) -> str:
        lines = "\n    ".join(self.schedule)
        return f"seed {self.seed}: {self.violation}\n  with {', '.join(self.kinds) or 'no faults'}:\n    {lines}"


def run_seed(seed: int) -> Outcome:
    """Run a seed. If it fails, it is minimised: fewer kinds of faults, then fewer jobs."""
    history, violation = run_history(seed)
    lives = history.checker.lives
    happened = dict(history.lambdas.happened) | {"lives": len(lives), "ours": sum(life.ours for life in lives)}
    if not violation:
        return Outcome(seed=seed, violation="", happened=happened)
    assert history.faults is not None
    faults, jobs = history.faults, len(history.roots)
    for kind in faults.kinds():
        if run_history(seed, faults.without(kind), None)[1]:
            faults = faults.without(kind)
    while jobs > 1 and run_history(seed, faults, jobs - 1)[1]:
        jobs -= 1
    smallest, still = run_history(seed, faults, jobs)
    schedule = tuple(str(line) for line in smallest.lambdas.log[-LINES:])
    return Outcome(seed=seed, violation=still or violation, happened=happened, kinds=tuple(faults.kinds()), schedule=schedule)


def run_history(seed: int, faults: Faults | None = None, jobs: int | None = None) -> tuple[History, str]:
    """Run a seed. Returns the history, and the invariant that does not hold, if any."""
    history = History(seed, faults=faults, jobs=jobs)
    try:
        history.run()
        check(history)
    except Violation as violation:
        return history, str(violation)
    return history, ""
