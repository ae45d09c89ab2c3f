"""Laws of the books: totals are folds, so how they are cut and in which order they are read cannot matter."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from controller.entry import Entry, Measured, Unmeasured
from controller.savings import Savings, fold, savings_of
from tests.builders import BEGIN

SECONDS = st.integers(0, 400_000)
TEAMS = st.sampled_from(["vision", "speech", None])


@st.composite
def measured(draw: st.DrawFn) -> Measured:
    priced = draw(st.booleans())
    return Measured(
        job=f"job-{draw(st.integers(0, 10**9))}", at=BEGIN, team=draw(TEAMS), training_s=draw(SECONDS), billable_s=draw(SECONDS),
        spot=draw(st.booleans()), instance_type="ml.g5.2xlarge", instance_count=draw(st.integers(1, 64)), region="us-east-1",
        rate_micros_per_h=draw(st.integers(1, 10**8)) if priced else None, rate_as_of=None, rate_source=None,
    )  # fmt: skip


books = st.lists(measured(), max_size=12, unique_by=lambda m: m.job)


def whole(entries: Sequence[Entry]) -> Savings:
    return fold(entries, group=lambda _: "all").get("all", Savings())


@given(books)
def test_the_teams_add_up_to_the_whole(entries: list[Measured]) -> None:
    assert sum(fold(entries, group=lambda e: e.team or "").values(), Savings()) == whole(entries)


@given(books, st.integers(0, 12))
def test_two_parts_of_the_books_add_up_to_the_whole(entries: list[Measured], cut: int) -> None:
    assert whole(entries[:cut]) + whole(entries[cut:]) == whole(entries)


@given(books, st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(entries: list[Measured], rng: Random) -> None:
    shuffled = list(entries)
    rng.shuffle(shuffled)
    assert whole(shuffled) == whole(entries)


@given(measured())
def test_on_demand_saves_nothing(entry: Measured) -> None:
    assert entry.spot or savings_of(entry).saved_micros == 0


@given(measured())
def test_without_a_price_there_are_seconds_and_no_dollars(entry: Measured) -> None:
    saved = savings_of(entry)
    unpriced = entry.rate_micros_per_h is None
    assert (saved.unpriced == 1) == unpriced
    assert not unpriced or (saved.spent_micros, saved.saved_micros) == (0, 0)
    assert saved.training_s == entry.training_s * entry.instance_count


@given(books, st.randoms(use_true_random=False))
def test_a_measurement_overrules_the_declaration_that_there_is_none(entries: list[Measured], rng: Random) -> None:
    mixed: list[Entry] = [*entries, *(Unmeasured(job=m.job, at=m.at, team=m.team, spot=m.spot) for m in entries)]
    rng.shuffle(mixed)
    assert whole(mixed) == whole(entries)
