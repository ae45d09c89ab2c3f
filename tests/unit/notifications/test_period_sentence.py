"""The first sentences of a report say what spot saved or cost, how that changed, and what was lost or missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from controller.ledger.entry import Entry
from controller.notifications.period_sentence import sentence
from controller.savings.arithmetic import Savings
from controller.savings.report import Report, report_of
from controller.savings.rollup import roll_up
from tests.unit.savings.test_report import measured, told

FIRST = date(2026, 3, 2)
DAY = timedelta(days=1)


def report(today: tuple[Entry, ...], yesterday: tuple[Entry, ...] = ()) -> Report:
    days = {FIRST: roll_up(today)} | ({FIRST - DAY: roll_up(yesterday)} if yesterday else {})
    return report_of(days, FIRST, FIRST + DAY)


def totals(**changes: object) -> Report:
    """A report of one day with these totals, and nothing before it."""
    empty = report(())
    savings = replace(Savings(), attempts=1, **changes)  # type: ignore[arg-type]
    return replace(empty, total=replace(empty.total, savings=savings))


def test_a_period_without_jobs_was_not_billed() -> None:
    assert sentence(report(())) == "No training job was billed."


def test_savings_come_first_and_then_the_cost() -> None:
    one = sentence(report(tuple(told(measured("a")))))
    assert one == "Spot *saved $0.70*, 70 % of the on-demand cost. *$0.30* was spent on 1 attempt; no work was lost."


def test_a_loss_is_written_as_a_cost() -> None:
    text = sentence(totals(spent_micros=30_000_000, counterfactual_micros=20_000_000, wasted_micros=12_000_000))
    assert text.startswith("Spot *cost $10.00 more than on-demand* (50 %).")
    assert text.endswith("*$30.00* was spent on 1 attempt; *$12.00* of it paid for work that was lost.")


@pytest.mark.parametrize(
    ("today", "change"),
    [
        ("ab", "That is $0.70 better than the day before."),
        ("a", "The day before had the same result."),
        ("", "No training job was billed."),
    ],
)
def test_the_change_to_the_day_before_is_named(today: str, change: str) -> None:
    assert change in sentence(report(tuple(told(*map(measured, today))), tuple(told(measured("z")))))


def test_a_worse_period_is_called_worse() -> None:
    text = sentence(report(tuple(told(measured("a"))), tuple(told(measured("y"), measured("z")))))
    assert "That is $0.70 worse than the day before." in text


def test_missed_savings_name_the_jobs_that_ran_on_demand() -> None:
    missing = totals(movable=2, spent_micros=1_000_000, counterfactual_micros=1_000_000, missed_micros=5_000_000)
    assert sentence(missing).endswith("Spot could have saved *$5.00* more on 2 jobs that ran on-demand.")
