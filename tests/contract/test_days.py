"""The Ledger port: rollups of past days, prices, and waivers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from controller.decide.decision import Decision
from controller.ledger.entry import Entry, Interrupted, Waived
from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.schedule import LateDay
from controller.savings.attempt_savings import Savings
from controller.savings.rollup import Count, CountKind, Group, Rollup
from controller.units.money import Rate
from tests.builders import BEGIN, lineage_id

DAY = timedelta(days=1)
TODAY = BEGIN.date()
YESTERDAY = TODAY - DAY
GROUP = Group("vision", "ada \U0001f680", "pytorch-training", "ml.g5.2xlarge", "us-east-1")


def rollup(saved: int = 7, groups: int = 1) -> Rollup:
    return Rollup(
        groups={GROUP._replace(user=f"ada {n}"): Savings(attempts=1, counterfactual_micros=saved) for n in range(groups)},
        counts={Count(CountKind.OUTCOME, "vision", "completed"): 2},
    )


def interrupted(job: str = "bert") -> Interrupted:
    return Interrupted(job=job, at=BEGIN, team="vision", instance_type="ml.g5.2xlarge", region="us-east-1")


def commit(ledger: Ledger, entry: Entry, *, days_late: int = 1, root: str = "bert") -> None:
    decision = Decision(entries=(entry,)).leased(entry.at + days_late * DAY, entry.at + days_late * DAY)
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id(root)), decision)


def test_a_rollup_is_read_as_it_was_written(ledger: Ledger) -> None:
    ledger.days.put_rollup(TODAY, rollup())
    assert dict(ledger.days.rollups(TODAY, TODAY + DAY)) == {TODAY: rollup()}


def test_a_day_that_is_rolled_up_again_replaces_its_rollup(ledger: Ledger) -> None:
    ledger.days.put_rollup(TODAY, rollup(7))
    ledger.days.put_rollup(TODAY, rollup(9))
    assert dict(ledger.days.rollups(TODAY, TODAY + DAY)) == {TODAY: rollup(9)}


def test_days_come_oldest_first_and_no_others(ledger: Ledger) -> None:
    for days in (1, 0, -1, 2):
        ledger.days.put_rollup(TODAY + days * DAY, rollup())
    assert [day for day, _ in ledger.days.rollups(TODAY, TODAY + 2 * DAY)] == [TODAY, TODAY + DAY]


def test_a_rollup_too_large_for_one_item_is_read_in_full(ledger: Ledger) -> None:
    wide = rollup(groups=60_000)
    ledger.days.put_rollup(TODAY, wide)
    assert dict(ledger.days.rollups(TODAY, TODAY + DAY)) == {TODAY: wide}
    ledger.days.put_rollup(TODAY, rollup())
    assert dict(ledger.days.rollups(TODAY, TODAY + DAY)) == {TODAY: rollup()}


def test_an_entry_for_an_earlier_day_marks_that_day_as_late(ledger: Ledger) -> None:
    commit(ledger, interrupted())
    [mark] = ledger.days.late()
    assert (mark, mark.at) == (LateDay(day=TODAY, lineage=str(lineage_id()), version=1), BEGIN + DAY)


def test_an_entry_for_the_current_day_marks_nothing(ledger: Ledger) -> None:
    commit(ledger, interrupted(), days_late=0)
    assert list(ledger.days.late()) == []


def test_a_rollup_removes_only_the_marks_that_it_settles(ledger: Ledger) -> None:
    commit(ledger, interrupted())
    commit(ledger, interrupted("other"), root="other")
    mine, others = sorted(ledger.days.late(), key=lambda mark: mark.lineage)
    ledger.days.put_rollup(TODAY, rollup(), settles=[mine])
    assert list(ledger.days.late()) == [others]


def test_a_mark_that_was_renewed_meanwhile_stays(ledger: Ledger) -> None:
    commit(ledger, interrupted())
    [seen] = ledger.days.late()
    commit(ledger, replace(interrupted(), at=BEGIN + timedelta(minutes=1)))
    ledger.days.put_rollup(TODAY, rollup(), settles=[seen])
    assert [mark.version for mark in ledger.days.late()] == [2]


def test_the_prices_of_a_region_are_read_as_they_were_written_oldest_first(ledger: Ledger) -> None:
    old = Rate(micros_per_h=1_000_000, as_of=TODAY, source="the list")
    new = Rate(micros_per_h=2_000_000, as_of=TODAY + DAY, source="the list")
    ledger.prices.note_rates("us-east-1", {"ml.g5.xlarge": new})
    ledger.prices.note_rates("us-east-1", {"ml.g5.xlarge": old, "ml.m5.large": old})
    ledger.prices.note_rates("eu-west-1", {"ml.g5.xlarge": old})
    assert ledger.prices.rates("us-east-1") == {"ml.g5.xlarge": (old, new), "ml.m5.large": (old,)}


def test_a_request_is_new_only_once(ledger: Ledger) -> None:
    assert [
        ledger.seen_requests.once("a", BEGIN),
        ledger.seen_requests.once("a", BEGIN),
        ledger.seen_requests.once("b", BEGIN),
    ] == [True, False, True]


def test_a_waiver_is_in_force_until_its_end(ledger: Ledger) -> None:
    waived = Waived(
        job="bert", at=BEGIN, team="vision", policy="use-spot", who="U1", reason="r", ticket="t", until=BEGIN + DAY
    )  # fmt: skip
    commit(ledger, waived, days_late=0)
    assert list(ledger.waivers.in_force(BEGIN)) == [waived]
    assert list(ledger.waivers.in_force(BEGIN + DAY)) == []
