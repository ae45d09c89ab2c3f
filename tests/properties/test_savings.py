"""Properties of savings: totals are sums, failures never increase them, and unknown amounts are not counted as zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from controller.ledger.entry import Credited, Entry, Measured, Unmeasured
from controller.savings.attempt_savings import Savings, savings_of, sum_savings
from controller.savings.progress import UsefulBasis
from tests.builders import BEGIN

SECONDS = st.integers(0, 400_000)
TEAMS = st.sampled_from(["vision", "speech", None])
RATES = st.integers(1, 10**8)


@st.composite
def measured(draw: st.DrawFn) -> Measured:
    priced = draw(st.booleans())
    return Measured(
        job=f"job-{draw(st.integers(0, 10**9))}", at=BEGIN, team=draw(TEAMS), training_s=draw(SECONDS), billable_s=draw(SECONDS),
        spot=draw(st.booleans()), instance_type="ml.g5.2xlarge", instance_count=draw(st.integers(1, 64)), region="us-east-1",
        rate_micros_per_h=draw(RATES) if priced else None, rate_as_of=None, rate_source=None,
    )  # fmt: skip


@st.composite
def attempts(draw: st.DrawFn) -> list[Entry]:
    """Measured attempts; most have a Credited entry, some have two."""
    drawn: list[Entry] = []
    for one in draw(all_measured):
        drawn.append(one)
        drawn += [credited(one, s) for s in draw(st.lists(SECONDS, max_size=2, unique=True))]
    return drawn


def credited(of: Measured, useful_s: int, basis: UsefulBasis = UsefulBasis.SEEN) -> Credited:
    return Credited(job=of.job, at=of.at, team=of.team, useful_s=useful_s, basis=basis)


all_measured = st.lists(measured(), max_size=8, unique_by=lambda m: m.job)


def total_of(entries: Sequence[Entry]) -> Savings:
    return sum_savings(entries, group=lambda _: "all").get("all", Savings())


def by_job(entries: Sequence[Entry]) -> dict[str, Savings]:
    return sum_savings(entries, group=lambda e: e.job)


@given(attempts())
def test_the_teams_add_up_to_the_total(entries: list[Entry]) -> None:
    assert sum(sum_savings(entries, group=lambda e: e.team or "").values(), Savings()) == total_of(entries)


@given(attempts())
def test_the_attempts_add_up_to_the_total(entries: list[Entry]) -> None:
    assert sum(by_job(entries).values(), Savings()) == total_of(entries)


@given(attempts(), st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(entries: list[Entry], rng: Random) -> None:
    shuffled = list(entries)
    rng.shuffle(shuffled)
    assert total_of(shuffled) == total_of(entries)


@given(attempts(), st.integers(0, 16))
def test_the_totals_of_two_parts_add_up_to_the_total(entries: list[Entry], cut: int) -> None:
    jobs = sorted({entry.job for entry in entries})[:cut]
    one, other = ([e for e in entries if (e.job in jobs) is first] for first in (True, False))
    assert total_of(one) + total_of(other) == total_of(entries)


@given(measured(), SECONDS)
def test_the_savings_are_the_useful_hours_at_the_on_demand_rate_less_the_bill(one: Measured, useful_s: int) -> None:
    useful_s = min(useful_s, one.training_s)
    paid_s = useful_s if one.spot else min(useful_s, one.billable_s)
    exact = Fraction((paid_s - one.billable_s) * one.instance_count * (one.rate_micros_per_h or 0), 3600)
    saved = savings_of(one, credited(one, useful_s))
    assert abs(saved.saved_micros - exact) <= 1
    assert 0 <= saved.wasted_micros <= saved.spent_micros


@given(attempts(), measured())
def test_a_further_failed_attempt_never_increases_the_savings(entries: list[Entry], failed: Measured) -> None:
    failed = replace(failed, job="one more")
    more = [*entries, failed, credited(failed, 0, UsefulBasis.LOST)]
    assert total_of(more).saved_micros <= total_of(entries).saved_micros


@given(measured(), SECONDS, SECONDS)
def test_an_interruption_that_costs_billed_seconds_never_increases_the_savings(one: Measured, useful_s: int, more_s: int) -> None:
    """With the same useful seconds, an interruption adds only lost training and its cost."""
    useful_s = min(useful_s, one.training_s)
    one = replace(one, spot=True)
    longer = replace(one, training_s=one.training_s + more_s, billable_s=one.billable_s + more_s)
    without, interrupted = savings_of(one, credited(one, useful_s)), savings_of(longer, credited(longer, useful_s))
    assert interrupted.saved_micros <= without.saved_micros


@given(measured(), SECONDS, RATES, RATES)
def test_a_more_expensive_fallback_type_never_increases_the_savings(
    one: Measured, useful_s: int, first_rate: int, more: int
) -> None:
    same = replace(one, number=2, rate_micros_per_h=first_rate, first_rate_micros_per_h=first_rate)
    more_expensive = replace(same, rate_micros_per_h=first_rate + more)
    same_type, more_expensive_type = (
        savings_of(same, credited(one, useful_s)),
        savings_of(more_expensive, credited(one, useful_s)),
    )
    assert more_expensive_type.saved_micros <= same_type.saved_micros


@given(measured(), SECONDS)
def test_on_demand_never_saves(entry: Measured, useful_s: int) -> None:
    assert entry.spot or savings_of(entry, credited(entry, useful_s)).saved_micros <= 0


@given(measured(), SECONDS)
def test_without_a_price_seconds_are_counted_and_no_dollars(entry: Measured, useful_s: int) -> None:
    saved = savings_of(entry, credited(entry, useful_s))
    unpriced = entry.rate_micros_per_h is None and entry.training_s + entry.billable_s > 0
    assert (saved.unpriced == 1) == unpriced
    assert not unpriced or (saved.spent_micros, saved.saved_micros, saved.wasted_micros) == (0, 0, 0)
    assert saved.training_s == entry.training_s * entry.instance_count


@given(measured(), SECONDS)
def test_an_attempt_is_unpriced_where_the_first_attempt_s_type_has_no_price(entry: Measured, useful_s: int) -> None:
    second = replace(entry, number=2, first_rate_micros_per_h=None, billable_s=entry.billable_s + 1)
    assert savings_of(second, credited(second, useful_s)).unpriced == 1


@given(all_measured, st.randoms(use_true_random=False))
def test_a_measured_entry_replaces_an_unmeasured_one(entries: list[Measured], rng: Random) -> None:
    mixed: list[Entry] = [*entries, *(Unmeasured(job=m.job, at=m.at, team=m.team, spot=m.spot) for m in entries)]
    rng.shuffle(mixed)
    assert total_of(mixed) == total_of(entries)


@given(measured(), SECONDS, SECONDS)
def test_of_several_credited_entries_the_largest_counts(entry: Measured, one_s: int, other_s: int) -> None:
    assert total_of([entry, credited(entry, one_s), credited(entry, other_s)]) == total_of(
        [entry, credited(entry, max(one_s, other_s))]
    )
