"""Without its fences the path falls, in worlds known to show it; ``python -m tests.simulation.mutants`` searches for more."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS, mutated
from tests.simulation.run import lived

SHOWN_BY = {"random names": 2, "no new_to": 0, "no sweep": 0, "close before perform": 1, "no wake": 0}


@pytest.mark.parametrize(("name", "seed"), SHOWN_BY.items())
def test_a_broken_path_is_caught(name: str, seed: int) -> None:
    with mutated(MUTANTS[name]):
        _, violation = lived(seed)
    assert violation


@pytest.mark.parametrize("seed", sorted(set(SHOWN_BY.values())))
def test_the_whole_path_passes_where_the_broken_ones_fall(seed: int) -> None:
    assert lived(seed)[1] == ""
