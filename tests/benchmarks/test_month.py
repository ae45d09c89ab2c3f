"""The benchmark of a month's digest measures what runs."""

from __future__ import annotations

from tests.benchmarks.month import DAYS, measured, memory


def test_a_digest_of_a_month_takes_time_and_memory() -> None:
    ledger, slowest = memory(DAYS)
    seconds, peak = measured(ledger)
    assert min(slowest, seconds, peak) > 0
