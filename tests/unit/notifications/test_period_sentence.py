"""The first sentences of a report: what spot saved or cost, how that changed, and what was lost or missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from controller.ledger.entry import Entry
from controller.ledger.refused_create import CreateRefusal, RefusedCreate
from controller.notifications.period_sentence import refused_advice, refused_items, sentence
from controller.savings.attempt_savings import Savings
from controller.savings.report import Report, report_of
from controller.savings.rollup import REFUSED_MAX, Count, CountKind, roll_up
from tests.builders import BEGIN
from tests.unit.savings.test_report import measured, told

FIRST = date(2026, 3, 2)
DAY = timedelta(days=1)


def report(today: tuple[Entry, ...], yesterday: tuple[Entry, ...] = ()) -> Report:
    days = {FIRST: roll_up(today)} | ({FIRST - DAY: roll_up(yesterday)} if yesterday else {})
    return report_of(days, FIRST, FIRST + DAY)


def totals(**changes: object) -> Report:
    """A report of one day with these totals; there was nothing on the day before."""
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


QUOTA = "ml.g5.2xlarge for training job usage"


def refused(number: int, *, team: str = "vision", why: str = "quota", quota: str = QUOTA) -> RefusedCreate:
    return RefusedCreate(
        event_id=str(number), at=BEGIN, account="1", region="us-east-1", job="bert", role="train", caller="ada",
        why=CreateRefusal(why), instance_type="ml.p4d.24xlarge", instances=1, spot=False, team=team, quota=quota,
    )  # fmt: skip


def refusing(*creates: RefusedCreate) -> Report:
    return report_of({FIRST: roll_up((), refused=creates)}, FIRST, FIRST + DAY)


def test_refused_creates_are_counted_by_what_refused_them_and_by_team() -> None:
    found = refusing(
        *(refused(n) for n in range(3)), refused(3, team="speech"), refused(4, team=""), refused(5, why="capacity"),
        refused(6, why="throttled"), refused(7, quota=""),
    )  # fmt: skip
    assert refused_items(found, str.upper) == [
        (QUOTA, "5 (VISION 3, NO TEAM 1, SPEECH 1)"),
        ("no capacity of ml.p4d.24xlarge", "1 (VISION 1)"),
        ("a quota that SageMaker did not name", "1 (VISION 1)"),
        ("too many requests", "1 (VISION 1)"),
    ]
    [advice] = refused_advice(found, "below")
    assert advice.startswith("6 creates refused by a quota. The list below says")
    assert refused_advice(refusing(refused(1, why="throttled")), "below") == []
    assert refused_items(refusing(), str) == []


def test_a_report_of_some_teams_counts_their_refused_creates_alone() -> None:
    days = {FIRST: roll_up((), refused=(refused(1), refused(2, team="speech")))}
    assert [line.team for line in report_of(days, FIRST, FIRST + DAY, teams=("speech",)).refused] == ["speech"]


def test_teams_that_somebody_invents_do_not_make_a_rollup_large() -> None:
    creates = [refused(n, team=f"team-{n}") for n in range(1_000)] + [refused(n) for n in range(1_000, 1_010)]
    counts = roll_up((), refused=creates).counts
    assert (len(counts), sum(counts.values())) == (REFUSED_MAX + 1, 1_010)
    assert counts[Count(CountKind.REFUSED, "vision", f"quota/{QUOTA}")] == 10
    assert ("other limits", "701 (no team 701)") in refused_items(refusing(*creates), str)
