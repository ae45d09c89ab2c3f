"""A pool's rate is a posterior: with few hours it is uncertain, and without history it is the prior."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.ledger.entry import Entry, Interrupted, Measured
from controller.ledger.pool import MarketSignal, MarketSignalKind, PoolMemory
from controller.runtime.digests.close_days import close_days
from controller.runtime.tally import Tally
from controller.savings.interruption_rates import cheapest_first, estimate, pool_memories
from tests import builders
from tests.builders import BEGIN
from tests.simulation.memory import MemoryLedger

HOUR = 3600


def pool(hours: float, interruptions: int, **changes: Any) -> PoolMemory:
    return PoolMemory(
        instance_type="ml.g5.xlarge", region="us-east-1", exposure_s=int(hours * HOUR), interruptions=interruptions, **changes
    )


def measured(job: str, training_s: int, *, spot: bool = True, instances: int = 1) -> Measured:
    return Measured(
        job=job, at=BEGIN, team=None, training_s=training_s, billable_s=1, spot=spot, instance_type="ml.g5.xlarge",
        instance_count=instances, region="us-east-1", rate_micros_per_h=None, rate_as_of=None, rate_source=None,
    )  # fmt: skip


def interrupted(job: str, minute: int = 0) -> Interrupted:
    at = BEGIN + timedelta(minutes=minute)
    return Interrupted(job=job, at=at, team=None, instance_type="ml.g5.xlarge", region="us-east-1")


def test_one_interruption_in_one_hour_is_not_one_an_hour() -> None:
    assert estimate(pool(1, 1)).mean < 0.2
    assert estimate(pool(1, 1)).high > 3 * estimate(pool(1, 1)).low


def test_hours_without_interruptions_lower_the_rate_and_interruptions_raise_it() -> None:
    assert estimate(pool(500, 0)).mean < estimate(None).mean < estimate(pool(100, 50)).mean


@given(st.floats(0, 5000), st.floats(0, 5000), st.integers(0, 100))
def test_more_hours_without_an_interruption_never_raise_the_rate(hours: float, more: float, interruptions: int) -> None:
    assert estimate(pool(hours + more, interruptions)).mean <= estimate(pool(hours, interruptions)).mean


@given(st.integers(1, 40), st.integers(1, 40))
def test_the_interval_contains_the_mean_and_narrows_with_the_hours(interruptions: int, times: int) -> None:
    few, many = (
        estimate(pool(10 * interruptions, interruptions)),
        estimate(pool(10 * times * interruptions, times * interruptions)),
    )
    assert few.low <= few.mean <= few.high
    assert many.high - many.low <= few.high - few.low + 1e-12


def test_warnings_of_other_fleets_change_no_rate() -> None:
    assert estimate(pool(100, 3, warnings=1400)) == estimate(pool(100, 3))


def test_exposure_counts_job_hours_whatever_the_instance_count_and_no_on_demand_hours() -> None:
    torn = replace(measured("a", HOUR, instances=4), interruptions=1)
    entries: list[Entry] = [torn, replace(measured("b", HOUR, spot=False), interruptions=7)]
    assert pool_memories(entries) == {("ml.g5.xlarge", "us-east-1"): pool(1, 1, billed_s=1, billed_of_s=HOUR)}


TORN = [replace(measured("a", 600), interruptions=2), replace(measured("b", 900), interruptions=1)]


@given(st.permutations([*TORN, interrupted("a"), interrupted("a", 5), interrupted("b")]))
def test_pool_statistics_do_not_depend_on_the_order_of_entries(entries: list[Entry]) -> None:
    assert pool_memories(entries) == {("ml.g5.xlarge", "us-east-1"): pool(1500 / HOUR, 3, billed_s=2, billed_of_s=1500)}


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(60, 9 * HOUR)), max_size=9))
def test_interruptions_and_hours_of_any_days_come_from_the_same_jobs(jobs: list[tuple[int, int, int]]) -> None:
    """A job is interrupted on its first day and ends some days later: both its interruptions and its hours count at its end."""
    days: dict[int, list[Entry]] = {day: [] for day in range(3)}
    for number, (day, times, training_s) in enumerate(jobs):
        days[0] += [interrupted(f"job-{number}", minute) for minute in range(times)]
        days[day].append(replace(measured(f"job-{number}", training_s), interruptions=times))
    for day, entries in days.items():
        memory = sum(pool_memories(entries).values(), pool(0, 0))
        ended = [(times, training_s) for ends_on, times, training_s in jobs if ends_on == day]
        assert (memory.interruptions, memory.exposure_s) == (sum(t for t, _ in ended), sum(s for _, s in ended))


def test_a_signal_counts_for_its_family_and_region() -> None:
    def signal(family: str | None) -> MarketSignal:
        return MarketSignal(kind=MarketSignalKind.REBALANCE, instance_id="i-1", family=family, region="us-east-1", at=BEGIN)

    [memory] = pool_memories([measured("a", HOUR)], [signal("g5"), signal("g5"), signal("g4dn"), signal(None)]).values()
    assert memory.warnings == 2


def test_the_cheaper_useful_hour_comes_first_and_unpriced_types_last() -> None:
    rates = {"a": builders.rate(1_000_000), "b": builders.rate(1_010_000)}
    assert cheapest_first(["c", "b", "a"], {}, rates) == ("a", "b", "c")
    assert cheapest_first(["a", "b"], {"a": pool(100, 90)}, rates) == ("b", "a")


class Fixed:
    """The ports that closing a day needs: a ledger, a clock, and no price for anything."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self.ledger = ledger
        self.clock = self.prices = self
        self.tally = Tally()

    def rate(self, *_: object) -> None:
        return None

    def now(self) -> Any:
        return BEGIN + timedelta(days=1)


def test_closing_a_day_updates_the_statistics_of_its_pools() -> None:
    ledger = MemoryLedger()
    for entry in (replace(measured("a", HOUR), interruptions=1), interrupted("a")):
        ledger.row(builders.lineage_id()).entries[entry.key] = entry
    ports: Any = Fixed(ledger)
    close_days(ports)
    assert ledger.pools.memory("ml.g5.xlarge", "us-east-1", BEGIN) == pool(1, 1, billed_s=1, billed_of_s=HOUR)
    assert ledger.pools.memory("ml.g5.xlarge", "us-east-1", BEGIN + timedelta(days=1)) == pool(0, 0)


def test_a_day_shows_how_long_its_jobs_waited_and_what_was_billed_of_their_training() -> None:
    known = replace(measured("a", HOUR), waited_s=900, interruptions=2, billable_s=HOUR // 2)
    unknown, never = measured("b", HOUR), replace(measured("c", 0), waited_s=7200)
    [memory] = pool_memories([known, unknown, never]).values()
    assert (memory.starts, memory.waited_s) == (3, 900)
    assert (memory.billed_s, memory.billed_of_s) == (HOUR // 2 + 2, 2 * HOUR)
