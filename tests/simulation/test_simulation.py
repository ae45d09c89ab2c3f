"""Thirty seeds of the simulation. ``make simulate`` runs thousands."""

from __future__ import annotations

import pytest

from tests.simulation.history import History
from tests.simulation.run import run_seed

SEEDS = 30
SHARDS = 10


@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_invariant_holds_in_every_world(shard: int) -> None:
    failed = [outcome.report() for seed in range(shard, SEEDS, SHARDS) if (outcome := run_seed(seed)).violation]
    assert failed == []


def test_two_runs_of_a_seed_are_identical() -> None:
    first, second = History(5), History(5)
    first.run()
    second.run()
    assert [str(line) for line in first.lambdas.log] == [str(line) for line in second.lambdas.log]
    assert first.ledger.rows == second.ledger.rows
