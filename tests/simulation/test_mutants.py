"""Without its fences the path falls, in worlds known to show it; ``python -m tests.simulation.mutants`` searches for more."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.replace_function import changed
from tests.simulation.run import lived

SHOWN_BY = {
    "perform before commit": 1,
    "random names": 1,
    "never close": 0,
    "commit without version": 3,
    "no new_to": 0,
    "no sweep": 0,
    "no discover": 2,
    "trust the event": 1,
    "close before perform": 1,
    "perform what others hold": 1,
    "no lease": 1,
    "withdraw what is performed": 1,
    "no wake": 0,
    "no wake after the ending": 0,
    "stop closes at once": 44,
    "a deleted job is not let go of": 13,
    "a failing ring is not set back": 11,
    "a failing ring ends the pass": 11,
    "a lineage without its birth": 34,
    "tags are believed": 22,
    "a taken name is ours": 3,
    "older attempts yield intents": 21,
    "a stale description is believed": 32,
    "the head is read last": 0,
    "claims are not read before Create": 9,
    "an earlier try is forgotten": 55,
    "Create before the commit is known": 94,
    "an ending is forgotten by the next policy": 2,
    "a halt is not asked for": 3,
    "what was moved is forgotten": 71,
    "what is repaired is forgotten": 48,
    "owners are not known": 33,
}


def test_every_mutant_is_shown() -> None:
    assert SHOWN_BY.keys() == MUTANTS.keys()


@pytest.mark.parametrize(("name", "seed"), SHOWN_BY.items())
def test_a_broken_path_is_caught(name: str, seed: int) -> None:
    with changed(*MUTANTS[name]):
        _, violation = lived(seed)
    assert violation


@pytest.mark.parametrize("seed", sorted(set(SHOWN_BY.values())))
def test_the_whole_path_passes_where_the_broken_ones_fall(seed: int) -> None:
    assert lived(seed)[1] == ""
