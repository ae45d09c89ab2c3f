"""The entries of a day are counted under stored names that no renamed class changes; groups and counts of days add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import get_args

from controller.aws.dynamodb.items import STORED_NAMES
from controller.jobs.job import Outcome
from controller.ledger.entry import Ended, Entry, Finished, Flagged, Interrupted, JobDeleted, Unmeasured
from controller.ledger.pool import MarketSignal, MarketSignalKind
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from controller.savings.report import report_of
from controller.savings.rollup import (
    ENTRY_NAMES,
    KEPT,
    MISSED,
    MOVERS_MAX,
    MOVERS_TOTAL_MAX,
    Count,
    CountKind,
    Group,
    Mover,
    roll_up,
    top_movers,
)
from tests.builders import BEGIN
from tests.unit.savings.test_report import measured

POOL = "ml.g5.2xlarge us-east-1"
ENDED = Ended(
    job="bert", at=BEGIN, team="vision", outcome=Outcome.STARVED, seen_at=BEGIN, failure=None, spot=True,
    instance_type="ml.g5.2xlarge", region="us-east-1",
)  # fmt: skip
FINISHED = Finished(
    job="bert", at=BEGIN, team="vision", family="bert", outcome=Outcome.COMPLETED, attempts=1, spot=True,
    instance_type="ml.g5.2xlarge", region="us-east-1", work_s=60, deadline=BEGIN,
)  # fmt: skip
INTERRUPTED = Interrupted(job="bert", at=BEGIN, team="vision", instance_type="ml.g5.2xlarge", region="us-east-1")
FLAGGED = Flagged(
    job="bert", at=BEGIN, team="vision", rule="spot-required", policy="use-spot", severity=Severity.HIGH, mode=Mode.WARN,
    field="F", found="off", wanted="on", revision="r1",
)  # fmt: skip


def test_each_outcome_counts_once_by_its_stored_value() -> None:
    assert roll_up([ENDED]).count(CountKind.OUTCOME) == {"starved": 1}


def test_each_interruption_counts_once_for_its_pool() -> None:
    assert roll_up([INTERRUPTED]).count(CountKind.INTERRUPTION) == {POOL: 1}


def test_only_spot_training_counts_as_exposure() -> None:
    assert roll_up([measured("a"), measured("b", spot=False)]).count(CountKind.EXPOSURE_S) == {POOL: 3600}


def test_each_violation_counts_once_for_its_rule_s_name() -> None:
    assert roll_up([FLAGGED]).count(CountKind.VIOLATION) == {"use-spot": 1}


def test_a_waived_violation_counts_beside_the_others() -> None:
    waived = replace(FLAGGED, waived_until=BEGIN + timedelta(days=1))
    assert roll_up([FLAGGED, replace(waived, job="b"), replace(waived, job="c", waiver="old")]).count(CountKind.VIOLATION) == {
        "use-spot": 1,
        "use-spot (waived)": 2,
    }


def test_a_model_that_exists_at_the_deadline_has_kept_it() -> None:
    late = replace(FINISHED, at=BEGIN + timedelta(microseconds=1))
    failed = replace(FINISHED, outcome=Outcome.ALGORITHM)
    without = replace(FINISHED, deadline=None)
    assert roll_up([FINISHED]).count(CountKind.DEADLINE) == {KEPT: 1}
    assert roll_up([late, failed]).count(CountKind.DEADLINE) == {MISSED: 2}
    assert roll_up([without]).count(CountKind.DEADLINE) == {}


def test_a_market_signal_counts_for_its_pool_and_no_team() -> None:
    signal = MarketSignal(
        kind=MarketSignalKind.INTERRUPTION, instance_id="i-1", family="g5", region="us-east-1", at=BEGIN
    )  # fmt: skip
    assert roll_up([], [signal, replace(signal, instance_id="i-2")]).counts == {
        Count(CountKind.SIGNAL, "no team", "interruption us-east-1/g5"): 2
    }


def test_entries_without_an_owner_are_counted_under_no_team_and_no_user() -> None:
    found = roll_up([replace(ENDED, team=None), measured("a", team=None, user=None)])
    assert list(found.groups) == [Group("no team", "no user", "pytorch-training", "ml.g5.2xlarge", "us-east-1")]
    assert {count.team for count in found.counts} == {"no team"}


def test_an_attempt_without_usage_has_an_unknown_pool() -> None:
    found = roll_up([Unmeasured(job="a", at=BEGIN, team="vision", spot=True)])
    assert list(found.groups) == [Group("vision", "no user", "unknown", "unknown", "unknown")]
    assert found.total.unmeasured == 1


def test_two_rollups_add_up_group_by_group_and_count_by_count() -> None:
    both = roll_up([measured("a"), ENDED]) + roll_up([measured("b"), measured("c", team="speech"), ENDED])
    assert {group.team: savings.attempts for group, savings in both.groups.items()} == {"vision": 2, "speech": 1}
    assert both.count(CountKind.OUTCOME) == {"starved": 2}


def test_a_team_s_part_holds_its_groups_and_its_counts_alone() -> None:
    part = roll_up([measured("a"), measured("b", team="speech"), ENDED, replace(ENDED, team="speech")]).of_teams(["speech"])
    assert [group.team for group in part.groups] == ["speech"]
    assert part.count(CountKind.OUTCOME) == {"starved": 1}


def test_an_instance_family_is_the_type_without_its_size() -> None:
    assert Group("", "", "", "ml.g5.2xlarge", "").family == "ml.g5"


def test_the_controller_s_own_cost_counts_its_days_and_its_entries() -> None:
    quiet = report_of({}, BEGIN.date(), BEGIN.date() + timedelta(days=1))
    busy = report_of({BEGIN.date(): roll_up([ENDED] * 1000)}, BEGIN.date(), BEGIN.date() + timedelta(days=1))
    assert quiet.own_cost_micros == 7418
    assert busy.own_cost_micros - quiet.own_cost_micros == 6658


def test_every_entry_is_counted_under_its_stored_name() -> None:
    assert {kind: STORED_NAMES[kind] for kind in get_args(Entry)} == ENTRY_NAMES


def test_a_deleted_job_is_counted_under_its_former_name() -> None:
    rollup = roll_up([JobDeleted(job="bert", at=BEGIN, team="search"), JobDeleted(job="gpt", at=BEGIN, team=None)])
    assert rollup.count(CountKind.ENTRY) == {"Vanished": 2}


def test_every_kind_of_entry_has_a_name_in_the_rollups_of_days() -> None:
    """Without a name for an entry, no day could be closed and no digest sent."""
    assert set(ENTRY_NAMES) == set(get_args(Entry))


def test_what_a_tuning_job_started_is_counted_for_the_tuning_job() -> None:
    children = [replace(measured(f"tuner-00{n}-0f0444b1"), tuner="tuner") for n in range(3)]
    alone = roll_up([measured("x")]).movers[0]
    [mover] = roll_up(children).movers
    assert (mover.job, mover.saved_micros) == ("tuner", 3 * alone.saved_micros)
    assert len(roll_up([measured("a"), measured("b")]).movers) == 2


def test_the_attempts_that_changed_the_figures_come_with_the_largest_saving_first() -> None:
    movers = roll_up([replace(measured("a"), instance_count=8), measured("c"), measured("b")]).movers
    assert [mover.job for mover in movers] == ["b", "c", "a"]
    assert movers[0].saved_micros > movers[2].saved_micros


def test_the_attempts_that_changed_the_figures_are_bounded_whatever_teams_there_are() -> None:
    plain = roll_up([measured("a")]).movers[0]
    many = [plain._replace(team=f"team-{n}", saved_micros=n, wasted_micros=0) for n in range(1, MOVERS_TOTAL_MAX + 3)]
    kept = top_movers(many)
    assert len(kept) == MOVERS_TOTAL_MAX == 300
    assert kept[-1].saved_micros == 3


def test_of_a_team_with_many_attempts_those_that_saved_cost_and_wasted_the_most_are_kept() -> None:
    plain = roll_up([measured("a")]).movers[0]
    saved = [(f"saved-{n}", 1000 + n, 0) for n in range(MOVERS_MAX)]
    cost = [(f"cost-{n}", -1000 - n, 0) for n in range(MOVERS_MAX)]
    wasted = [(f"wasted-{n}", 0, 1 + n) for n in range(2 * MOVERS_MAX)]
    many = [plain._replace(job=job, saved_micros=saves, wasted_micros=wastes) for job, saves, wastes in (*saved, *cost, *wasted)]
    kept = {mover.job for mover in top_movers(many)}
    assert kept == {job for job, _, _ in (*saved, *cost, *wasted[MOVERS_MAX:])}


def test_an_attempt_of_a_rollup_from_before_repetitions_were_counted_was_not_repeated() -> None:
    assert Mover("vision", "bert", "ml.g5.xlarge", "us-east-1", True, 1, 0, 0, True).repeats == 0
