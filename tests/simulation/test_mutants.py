"""Without one of its fences, the code fails with a known seed. ``python -m tests.simulation.mutants`` finds further seeds."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.replace_function import replaced
from tests.simulation.run import run_history

SHOWN_BY = {
    "perform before commit": 1,
    "random names": 1,
    "never close": 0,
    "commit without version": 16,
    "no new_to": 0,
    "no sweep": 1,
    "no discover": 2,
    "trust the event": 1,
    "close before perform": 1,
    "perform a leased intent": 1,
    "no lease": 1,
    "withdraw a leased intent": 1,
    "no wake": 4,
    "no wake after the end": 4,
    "stop closes at once": 44,
    "a deleted job keeps its intents": 1,
    "a failing trigger is not delayed": 38,
    "a failing trigger ends the pass": 34,
    "a lineage without its creation time": 12,
    "tags are trusted": 22,
    "a taken name counts as ours": 5,
    "older attempts yield intents": 30,
    "the head is read last": 13,
    "claims are not read before Create": 76,
    "an earlier try is forgotten": 101,
    "the next policy drops an outcome": 2,
    "a halt is not checked": 75,
    "a moved job is forgotten": 71,
    "a stored row counts as decided": 24,
    "a lineage's cap is not asked": 97,
    "a team's cap is not asked": 513,
    "any role is passed": 5,
    "what our change broke is left": 187,
    "any file is a checkpoint": 3,
    "a sibling's files are a job's own": 163,
    "warnings are interruptions": 1,
    "a stale description is used": 2344,
    "a repaired job is forgotten": 30,
    "owners are unknown": 5,
    "Create before the commit is known": 19,
    "a message without an answer is not passed over": 33,
    "tags without an answer are none": 364,
}


def test_every_mutant_has_a_seed_that_shows_it() -> None:
    assert SHOWN_BY.keys() == MUTANTS.keys()


@pytest.mark.parametrize(("name", "seed"), SHOWN_BY.items())
def test_a_mutant_is_caught(name: str, seed: int) -> None:
    with replaced(*MUTANTS[name]):
        _, violation = run_history(seed)
    assert violation


@pytest.mark.parametrize("seed", sorted(set(SHOWN_BY.values())))
def test_the_unchanged_code_passes_on_the_seeds_that_catch_mutants(seed: int) -> None:
    assert run_history(seed)[1] == ""
