"""The figures of a report, which do not depend on how its days were rolled up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.jobs.job import Outcome
from controller.ledger.entry import Credited, Entry, Finished, Flagged, Interrupted, Measured, Unmeasured
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from controller.savings.attempt_savings import Savings
from controller.savings.progress import UsefulBasis
from controller.savings.report import By, Report, report_of
from controller.savings.rollup import NOBODY, Rollup, roll_up
from tests.builders import BEGIN

DAY = timedelta(days=1)
FIRST = BEGIN.date()
NEXT = FIRST + DAY


def measured(job: str, **changes: object) -> Measured:
    plain = Measured(
        job=job, at=BEGIN, team="vision", training_s=3600, billable_s=1080, spot=True, instance_type="ml.g5.2xlarge",
        instance_count=1, region="us-east-1", rate_micros_per_h=1_000_000, rate_as_of=date(2026, 3, 1), rate_source="made up",
        user="ada", algorithm="pytorch-training",
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def useful(of: Measured, useful_s: int | None = None) -> Credited:
    seconds = of.training_s if useful_s is None else useful_s
    return Credited(job=of.job, at=of.at, team=of.team, useful_s=seconds, basis=UsefulBasis.WHOLE)


def told(*attempts: Measured) -> list[Entry]:
    return [entry for one in attempts for entry in (one, useful(one))]


def report(entries: list[Entry], **changes: object) -> Report:
    days = {day: roll_up([e for e in entries if e.at.date() == day]) for day in {e.at.date() for e in entries}}
    return report_of(days, FIRST, NEXT, **changes)  # type: ignore[arg-type]


def test_the_line_of_a_team_has_its_savings_and_its_cost() -> None:
    [line] = report(told(measured("a"))).lines
    assert (line.name, line.savings.saved_micros, line.savings.spent_micros) == ("vision", 700_000, 300_000)


def test_an_on_demand_job_missed_the_savings_of_the_spot_jobs_in_its_pool() -> None:
    total = report(told(measured("a"), measured("b", spot=False, billable_s=3600))).total
    assert (total.missed_micros, total.missed_unknown) == (700_000, 0)


def test_without_a_spot_job_in_the_pool_the_missed_savings_are_unknown() -> None:
    total = report(told(measured("b", spot=False, billable_s=3600))).total
    assert (total.missed_micros, total.missed_unknown) == (0, 1)


def test_the_report_of_a_team_uses_the_pools_of_all_teams() -> None:
    others = measured("b", spot=False, billable_s=3600, team="speech")
    assert report(told(measured("a"), others), teams=["speech"]).total.missed_micros == 700_000


def test_a_second_attempt_on_demand_missed_nothing() -> None:
    moved = measured("b", spot=False, billable_s=3600, number=2, first_rate_micros_per_h=1_000_000)
    assert report(told(measured("a"), moved)).total.missed_micros == 0


def test_the_period_before_is_as_long_as_the_period() -> None:
    day_before = measured("a", at=BEGIN - DAY)
    two_before = measured("b", at=BEGIN - 2 * DAY)
    assert report(told(day_before, two_before)).before.savings.attempts == 1


def test_lines_come_with_the_most_saved_first() -> None:
    lines = report(told(measured("a"), measured("b", team="speech", training_s=7200))).lines
    assert [line.name for line in lines] == ["speech", "vision"]


def test_a_report_lists_by_user_algorithm_family_and_pool() -> None:
    named = {by: report(told(measured("a")), by=by).lines[0].name for by in By}
    assert named == {
        By.TEAM: "vision", By.USER: "ada", By.ALGORITHM: "pytorch-training", By.FAMILY: "ml.g5",
        By.POOL: "ml.g5.2xlarge us-east-1", By.ACCOUNT: "all accounts",
    }  # fmt: skip


def test_unknown_figures_are_counted_separately() -> None:
    silent = Unmeasured(job="c", at=BEGIN, team="vision", spot=True)
    total = report([*told(measured("a", rate_micros_per_h=None)), silent]).total.savings
    assert (total.unpriced, total.unmeasured, total.spent_micros) == (1, 1, 0)


def test_an_interrupted_pool_is_listed_with_its_interval() -> None:
    taken = Interrupted(job="a", at=BEGIN, team="vision", instance_type="ml.g5.2xlarge", region="us-east-1")
    [pool] = report([*told(measured("a", interruptions=1)), taken]).interruptions
    assert (pool.name, pool.interruptions, pool.exposure_s) == ("ml.g5.2xlarge us-east-1", 1, 3600)
    assert pool.low < pool.mean < pool.high
    [running] = report([*told(measured("a", interruptions=1)), taken, *(replace(taken, job="b") for _ in range(9))]).interruptions
    assert (running.interruptions, running.mean) == (10, pool.mean)  # the hours of b do not count yet


def test_deadlines_that_were_kept_and_missed_are_counted() -> None:
    one = Finished(
        job="a", at=BEGIN, team="vision", family="a", outcome=Outcome.COMPLETED, attempts=1, spot=True,
        instance_type="ml.g5.2xlarge", region="us-east-1", work_s=10, deadline=BEGIN + DAY,
    )  # fmt: skip
    late = replace(one, job="b", deadline=BEGIN - DAY)
    gave_up = replace(one, job="c", outcome=Outcome.STARVED)
    free = replace(one, job="d", deadline=None)
    told_of = report([one, late, gave_up, free])
    assert (told_of.deadlines_kept, told_of.deadlines_missed) == (1, 2)


def test_violations_are_counted_by_rule_the_most_frequent_first() -> None:
    def flag(job: str, policy: str) -> Flagged:
        return Flagged(
            job=job, at=BEGIN, team="vision", rule="spot-required", policy=policy, severity=Severity.LOW, mode=Mode.AUDIT,
            field="f", found="x", wanted="y", revision="r",
        )  # fmt: skip

    assert report([flag("a", "one"), flag("a", "two"), flag("b", "two")]).violations == (("two", 2), ("one", 1))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_days_add_up_in_any_order(hours: list[int], rng: Random) -> None:
    """The entries of a job stay together, as in a ledger's day."""
    rollups = [roll_up(told(measured(f"job-{n}", training_s=3600 * (1 + h)))) for n, h in enumerate(hours)]
    shuffled = list(rollups)
    rng.shuffle(shuffled)
    assert sum(rollups, Rollup()) == sum(shuffled, Rollup())


@st.composite
def attempts_of_days(draw: st.DrawFn) -> list[Measured]:
    """Attempts over four days, three teams and two pools, on spot and on-demand."""
    return [
        measured(
            f"job-{n}", at=BEGIN + draw(st.integers(0, 3)) * DAY, team=draw(st.sampled_from(["vision", "speech", None])),
            spot=draw(st.booleans()), billable_s=draw(st.integers(0, 5000)), training_s=draw(st.integers(0, 5000)),
            instance_type=draw(st.sampled_from(["ml.g5.xlarge", "ml.p3.2xlarge"])), number=draw(st.integers(1, 2)),
            first_rate_micros_per_h=900_000,
        )
        for n in range(draw(st.integers(1, 12)))
    ]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(attempts_of_days(), st.integers(0, 4))
def test_the_parts_of_a_period_and_the_teams_add_up_to_the_whole(attempts: list[Measured], cut: int) -> None:
    entries = told(*attempts)
    days = {day: roll_up([e for e in entries if e.at.date() == day]) for day in {e.at.date() for e in entries}}
    until, middle = FIRST + 4 * DAY, FIRST + cut * DAY
    whole = report_of(days, FIRST, until)
    parts = report_of(days, FIRST, middle).total.savings + report_of(days, middle, until).total.savings
    assert parts == whole.total.savings
    assert sum((savings for _, savings in whole.days), Savings()) == whole.total.savings
    assert sum((line.savings for line in whole.lines), Savings()) == whole.total.savings
    teams = {e.team or NOBODY for e in attempts}
    of_teams = (report_of(days, FIRST, until, teams=[team]).total.savings for team in teams)
    assert sum(of_teams, Savings()) == whole.total.savings
