"""Runs one seed to rest and reckons; a failure is made smaller before it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.simulation.faults import Faults
from tests.simulation.history import History
from tests.simulation.invariants import check
from tests.simulation.witness import Violation

LINES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a seed; ``schedule`` are the last lines of the smallest history that still fails."""

    seed: int
    violation: str
    happened: Mapping[str, int]
    kinds: tuple[str, ...] = ()
    schedule: tuple[str, ...] = ()

    def told(self) -> str:
        lines = "\n    ".join(self.schedule)
        return f"seed {self.seed}: {self.violation}\n  with {', '.join(self.kinds) or 'no faults at all'}:\n    {lines}"


def run_seed(seed: int) -> Outcome:
    """Live one seed through, and make it smaller if it fails: fewer kinds of faults, then fewer jobs."""
    history, violation = _lived(seed, None, None)
    lives = history.witness.lives
    happened = dict(history.lambdas.happened) | {"lives": len(lives), "ours": sum(life.ours for life in lives)}
    if not violation:
        return Outcome(seed=seed, violation="", happened=happened)
    assert history.faults is not None
    faults, jobs = history.faults, len(history._roots)
    for kind in faults.kinds():
        if _lived(seed, faults.without(kind), None)[1]:
            faults = faults.without(kind)
    while jobs > 1 and _lived(seed, faults, jobs - 1)[1]:
        jobs -= 1
    smallest, still = _lived(seed, faults, jobs)
    schedule = tuple(str(line) for line in smallest.lambdas.log[-LINES:])
    return Outcome(seed=seed, violation=still or violation, happened=happened, kinds=tuple(faults.kinds()), schedule=schedule)


def _lived(seed: int, faults: Faults | None, jobs: int | None) -> tuple[History, str]:
    history = History(seed, faults=faults, jobs=jobs)
    try:
        history.run()
        check(history)
    except Violation as violation:
        return history, str(violation)
    return history, ""
