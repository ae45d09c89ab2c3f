"""Advice comes from a family's history, with the share of past runs that would have fit into each limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.jobs.checkpoint import advised_interval_s
from controller.jobs.job import Outcome
from controller.ledger.entry import CheckpointScanned, Entry, Finished, Interrupted, Measured, Started
from controller.savings.advice import UPLOAD_BYTES_S, WRITE_S, NoAdvice, advise, region_of
from tests import builders
from tests.builders import BEGIN

HOUR_S = 3600


def run(number: int, work_s: int, *, waited_s: int = 600, instance_type: str = "ml.g5.2xlarge") -> list[Entry]:
    """A completed run of the family with one attempt."""
    name, end = f"train-bert-{number:03d}", BEGIN + timedelta(seconds=work_s + waited_s)
    return [
        Started(
            job=name, at=BEGIN, team="vision", number=1, spot=True, instance_type=instance_type, instance_count=1,
            region="us-east-1", service=None, checkpoint_uri=None,
        ),
        Measured(
            job=name, at=end, team="vision", training_s=work_s, billable_s=work_s // 3, spot=True, instance_type=instance_type,
            instance_count=1, region="us-east-1", rate_micros_per_h=None, rate_as_of=None, rate_source=None,
        ),
        Finished(
            job=name, at=end, team="vision", family="train-bert", outcome=Outcome.COMPLETED, attempts=1, spot=True,
            instance_type=instance_type, region="us-east-1", work_s=work_s, deadline=None,
        ),
    ]  # fmt: skip


PAST = [entry for number in range(10) for entry in run(number, HOUR_S * (number + 1))]


def test_limits_are_a_quarter_above_past_runs() -> None:
    advice = advise("train-bert", PAST, {})
    assert (advice.runs, advice.runtime_s_max) == (10, int(10 * HOUR_S * 1.25))
    assert advice.wait_s_max == int((10 * HOUR_S + 600) * 1.25)
    assert (advice.runtime_inside, advice.wait_inside) == (1.0, 1.0)


def test_one_unusual_run_of_many_does_not_set_the_limit() -> None:
    many = [entry for number in range(40) for entry in run(number, HOUR_S)] + run(99, 100 * HOUR_S)
    advice = advise("train-bert", many, {})
    assert advice.runtime_s_max == int(HOUR_S * 1.25)
    assert advice.runtime_inside == 40 / 41


@pytest.mark.parametrize("past", [[], run(1, HOUR_S), run(1, HOUR_S) + run(2, HOUR_S)])
def test_a_short_history_gives_no_advice(past: list[Entry]) -> None:
    with pytest.raises(NoAdvice, match=f"found {len(past) // 3} completed runs of 'train-bert', wanted at least 3"):
        advise("train-bert", past, {})


def test_the_type_with_the_cheapest_useful_hour_is_recommended() -> None:
    both = PAST + run(50, HOUR_S, instance_type="ml.g4dn.xlarge")
    rates = {"ml.g5.2xlarge": builders.rate(1_515_000), "ml.g4dn.xlarge": builders.rate(736_000)}
    assert advise("train-bert", both, rates).instance_type == "ml.g4dn.xlarge"


def test_the_type_and_its_interruptions_are_those_of_the_region_in_which_the_family_ran_last() -> None:
    def moved(entries: list[Entry], interruptions: int) -> list[Entry]:
        here = [replace(e, region="eu-west-1") if isinstance(e, Started | Measured | Finished) else e for e in entries]
        return [replace(e, interruptions=interruptions) if isinstance(e, Measured) else e for e in here]

    before, stormy = run(50, HOUR_S, instance_type="ml.g4dn.xlarge"), moved(run(60, 20 * HOUR_S), 9)
    rates = {"ml.g5.2xlarge": builders.rate(1_515_000), "ml.g4dn.xlarge": builders.rate(736_000)}
    for entries in (PAST + before + stormy, stormy + PAST + before):
        advice = advise("train-bert", entries, rates)
        assert (advice.region, region_of("train-bert", entries)) == ("eu-west-1", "eu-west-1")
        assert advice.instance_type == "ml.g5.2xlarge"
        assert advice.interruptions.mean == pytest.approx(9.5 / 30)
    others = moved([replace(e, family="gpt") if isinstance(e, Finished) else e for e in run(70, 90 * HOUR_S)], 0)
    assert region_of("train-bert", PAST + others) == "us-east-1"


def torn(times: int) -> list[Entry]:
    """The history, with so many interruptions of its last run."""
    return [replace(e, interruptions=times) if isinstance(e, Measured) and e.job == "train-bert-009" else e for e in PAST]


def test_more_interruptions_mean_a_shorter_checkpoint_interval() -> None:
    assert advise("train-bert", torn(50), {}).checkpoint_every_s < advise("train-bert", PAST, {}).checkpoint_every_s


def test_interruptions_of_a_job_that_runs_count_with_its_hours_once_it_has_ended() -> None:
    stormy: list[Entry] = [
        Interrupted(job="x", at=BEGIN + timedelta(minutes=n), team=None, instance_type="ml.g5.2xlarge", region="us-east-1")
        for n in range(50)
    ]
    assert advise("train-bert", PAST + stormy, {}) == advise("train-bert", PAST, {})


def test_young_s_interval_is_the_root_of_twice_the_write_times_the_mean_time_between() -> None:
    assert advised_interval_s(interruptions_per_h=0.5, write_s=100) == 1200
    assert advised_interval_s(interruptions_per_h=0.01, write_s=3600) == 50_912  # √(2 · 3600 s · 360,000 s)


def test_advice_says_what_a_run_may_expect_on_spot_with_and_without_checkpoints() -> None:
    advice = advise("train-bert", torn(40), {"ml.g5.2xlarge": builders.rate()})
    without, saving = advice.without_checkpoints, advice.with_checkpoints
    assert without is not None
    assert saving is not None
    assert (advice.run_s, advice.on_demand.micros) == (5 * HOUR_S, 5 * 1_515_000)
    assert without.chance < saving.chance
    assert without.hours > saving.hours > 5
    assert saving.share == pytest.approx(saving.hours / 5 / 3, rel=0.01)


def test_without_enough_history_of_the_pool_advice_says_nothing_about_spot() -> None:
    advice = advise("train-bert", run(1, HOUR_S) + run(2, HOUR_S) + run(3, HOUR_S), {})
    assert (advice.without_checkpoints, advice.with_checkpoints) == (None, None)


def test_the_time_to_write_a_checkpoint_follows_the_largest_mean_file_of_the_family() -> None:
    def scanned(job: str, gigabytes: float, objects: int) -> CheckpointScanned:
        return CheckpointScanned(
            job=job, at=BEGIN, team="vision", occasion="ended", uri="s3://c/p/", objects=objects, newest_at=BEGIN,
            bytes_seen=int(gigabytes * 1e9), complete=True, proven_s=0, at_risk_s=0, problem=None,
        )  # fmt: skip

    seen = [scanned("train-bert-001", 10, 10), scanned("train-bert-002", 4, 2), scanned("other-001", 900, 1)]
    written = advise("train-bert", [*PAST, *seen], {}).checkpoint_write_s
    assert written == max(round(2e9 / UPLOAD_BYTES_S), 1)
    assert advise("train-bert", [*PAST, scanned("train-bert-001", 0, 0)], {}).checkpoint_write_s == WRITE_S
