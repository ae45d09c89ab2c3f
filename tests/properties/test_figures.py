"""All figures add up: for any partition of a period or of the teams, the parts sum to the whole, to the micro-dollar.

The suite tries a few periods; ``--hypothesis-profile=nightly`` tries 2,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.ledger.entry import Entry, Unmeasured
from controller.notifications.report_formats.as_csv import as_csv
from controller.savings.attempt_savings import Savings
from controller.savings.audit import audit
from controller.savings.report import By, report_of
from controller.savings.rollup import Rollup, roll_up
from tests.builders import BEGIN
from tests.examples import examples
from tests.unit.savings.test_report import measured, useful

FIRST = BEGIN.date()
DAY = timedelta(days=1)
NAMES = 5
TEAMS = ("vision", "speech", "search", None)
POOLS = ("ml.g5.xlarge", "ml.g4dn.xlarge", "ml.p3.2xlarge")

attempts = st.fixed_dictionaries(
    {
        "day": st.integers(0, 13),
        "team": st.sampled_from(TEAMS),
        "instance_type": st.sampled_from(POOLS),
        "user": st.sampled_from(("ada", "alan", None)),
        "training_s": st.integers(0, 400_000),
        "share": st.integers(0, 110),
        "useful": st.integers(0, 100),
        "instance_count": st.integers(1, 8),
        "spot": st.booleans(),
        "number": st.sampled_from((1, 1, 2)),
        "rate_micros_per_h": st.one_of(st.none(), st.integers(1, 40_000_000)),
        "spot_rate_micros_per_h": st.one_of(st.none(), st.integers(1, 40_000_000)),
        "first_rate_micros_per_h": st.integers(1, 40_000_000),
        "retained_s": st.integers(0, 5_000),
        "unmeasured": st.sampled_from((False, False, False, True)),
    }
)


def entries_of(made: Sequence[dict[str, Any]]) -> Iterable[Entry]:
    for number, given_ in enumerate(made):
        words = dict(given_)
        day, share, kept, unknown = (words.pop(name) for name in ("day", "share", "useful", "unmeasured"))
        name = f"job-{number % NAMES}"  # names repeat: a deleted job's name can be used again
        at: datetime = BEGIN + day * DAY + timedelta(minutes=number)
        if unknown:
            yield Unmeasured(job=name, at=at, team=words["team"], spot=words["spot"])
            continue
        one = measured(name, at=at, billable_s=words["training_s"] * share // 100, **words)
        yield one
        yield useful(one, one.training_s * kept // 100)


def days_of(made: Sequence[dict[str, Any]]) -> dict[date, Rollup]:
    entries = list(entries_of(made))
    return {day: roll_up([e for e in entries if e.at.date() == day]) for day in sorted({e.at.date() for e in entries})}


def total(parts: Iterable[Savings]) -> Savings:
    return sum(parts, Savings())


@settings(max_examples=examples(25))
@given(st.lists(attempts, max_size=40), st.sets(st.integers(1, 13)), st.sampled_from(By))
def test_any_partition_of_a_period_or_of_its_lines_sums_to_the_whole(made: list[dict[str, Any]], cuts: set[int], by: By) -> None:
    days, until = days_of(made), FIRST + 14 * DAY
    whole = report_of(days, FIRST, until, by=by)
    edges = [FIRST, *(FIRST + cut * DAY for cut in sorted(cuts)), until]
    parts = [report_of(days, a, b, by=by).total.savings for a, b in pairwise(edges)]
    assert total(parts) == whole.total.savings
    assert total(savings for _, savings in whole.days) == whole.total.savings
    assert total(line.savings for line in whole.lines) == whole.total.savings
    assert total(line.savings for line in whole.largest_lines(2)) == whole.total.savings


@settings(max_examples=examples(25))
@given(st.lists(attempts, max_size=40), st.lists(st.integers(0, 2), min_size=4, max_size=4))
def test_any_partition_of_the_teams_sums_to_the_whole(made: list[dict[str, Any]], parts: list[int]) -> None:
    days, until = days_of(made), FIRST + 14 * DAY
    whole = report_of(days, FIRST, until)
    names = ["vision", "speech", "search", "no team"]
    split = [{name for name, part in zip(names, parts, strict=True) if part == number} for number in range(3)]
    sums = [report_of(days, FIRST, until, teams=teams).total.savings for teams in split if teams]
    assert total(sums) == whole.total.savings


@settings(max_examples=examples(25))
@given(st.lists(attempts, max_size=40), st.integers(0, 13), st.integers(1, 14))
def test_a_report_and_an_audit_of_any_period_count_the_same(made: list[dict[str, Any]], first: int, days: int) -> None:
    since, until = (BEGIN.replace(hour=0) + n * DAY for n in (first, first + days))
    found = audit(list(entries_of(made)), {}, {}, lambda *_: None, since, until)
    total_ = report_of(days_of(made), since.date(), until.date()).total.savings
    assert (found.attempts, found.unmeasured) == (total_.attempts, total_.unmeasured)
    assert replace(found.recorded, attempts=total_.attempts, unmeasured=total_.unmeasured) == replace(
        total_, missed_micros=0, missed_unknown=0
    )


@settings(max_examples=examples(25))
@given(st.lists(attempts, min_size=1, max_size=12))
def test_the_amounts_of_the_csv_sum_to_the_total_to_the_micro_dollar(made: list[dict[str, Any]]) -> None:
    whole = report_of(days_of(made), FIRST, FIRST + 14 * DAY)
    head, *rows = [line.split(",") for line in as_csv(whole).splitlines()]
    for column, wanted in (("BilledCost", whole.total.savings.spent_micros), ("x_SavedCost", whole.total.savings.saved_micros)):
        micros = sum(round(float(row[head.index(column)]) * 1_000_000) for row in rows)
        assert micros == wanted


def test_a_price_of_spot_training_is_what_is_billed_and_the_on_demand_price_is_what_it_is_compared_with() -> None:
    """The bill of Ohio, July 2026: 72.6 billed hours of SpotTraining at $1.4084 beside Training at $1.2575, 207 hours trained."""
    job = measured(
        "ohio", instance_type="ml.g5.xlarge", training_s=207 * 3600, billable_s=261_360, rate_micros_per_h=1_257_500,
        spot_rate_micros_per_h=1_408_400,
    )  # fmt: skip
    found = roll_up([job, useful(job)]).total
    assert (found.spent_micros, found.counterfactual_micros) == (102_249_840, 260_302_500)
    assert round(found.saved_percent or 0, 1) == 60.7
    on_demand = replace(job, spot=False)
    assert roll_up([on_demand, useful(on_demand)]).total.spent_micros == 91_294_500
