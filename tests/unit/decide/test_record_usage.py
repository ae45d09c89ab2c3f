"""The usage and the useful training that are recorded for a finished job, and the total cost of its lineage."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.decide.facts import Facts
from controller.decide.record_usage import record_usage
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.job import Interval, Outcome, Service
from controller.ledger.entry import CheckpointScanned, Credited, Entry, Measured
from controller.savings.attempt_savings import Savings, sum_savings
from controller.savings.progress import UsefulBasis
from tests.builders import BEGIN, attempt, ended, facts, job, lineage, lineage_id, rate, usage
from tests.unit.savings.test_progress import scanned

HOUR = timedelta(hours=1)


def total(entries: tuple[Entry, ...]) -> Savings:
    return sum_savings(entries, group=lambda _: "all")["all"]


def recorded(about: Facts) -> dict[str, Credited]:
    return {e.job: e for e in record_usage(about).entries if isinstance(e, Credited)}


def test_the_job_of_aws_s_launch_post_saves_what_aws_says() -> None:
    done = ended(job(), Outcome.COMPLETED, usage=usage(2423, 837))
    one = total(record_usage(facts(done)).entries)
    assert round(one.aws_percent or 0) == 65
    assert round(one.saved_percent or 0) == 65
    assert (one.useful_s, one.wasted_micros) == (2423, 0)


def test_training_lost_to_an_interruption_saves_nothing_although_aws_still_counts_it() -> None:
    two = (Interval(start=BEGIN, end=BEGIN + 2 * HOUR), Interval(start=BEGIN + 3 * HOUR, end=BEGIN + 5 * HOUR))
    over = ended(
        job(checkpoint_uri=None, intervals=two, interrupted_at=(BEGIN + 2 * HOUR,)), Outcome.COMPLETED,
        ended_at=BEGIN + 5 * HOUR, usage=usage(14_400, 7_200),
    )  # fmt: skip
    one = total(record_usage(facts(over)).entries)
    assert one.aws_percent == 50.0
    assert (one.useful_s, one.saved_micros) == (7_200, 0)
    assert one.wasted_micros * 2 == one.spent_micros


def test_training_that_aws_does_not_count_is_not_useful() -> None:
    two = (Interval(start=BEGIN, end=BEGIN + HOUR / 2), Interval(start=BEGIN + HOUR, end=BEGIN + 2 * HOUR))
    over = ended(
        job(intervals=two, interrupted_at=(BEGIN + HOUR / 2,)),
        Outcome.COMPLETED,
        ended_at=BEGIN + 2 * HOUR,
        usage=usage(3_600, 900),
    )
    about = facts(over, lineage=lineage(entries=[scanned(0.6, 0.5)]))
    assert recorded(about)["bert"] == Credited(
        job="bert", at=over.ended_at, team="vision", useful_s=3_600, basis=UsefulBasis.SEEN
    )


@pytest.mark.parametrize("outcome", [e for e in Outcome if e is not Outcome.COMPLETED])
def test_an_attempt_without_a_model_has_no_useful_training_yet(outcome: Outcome) -> None:
    over = ended(job(), outcome, usage=usage())
    assert recorded(facts(over))["bert"].useful_s == 0
    assert total(record_usage(facts(over)).entries).saved_micros < 0


def starved_first(first_kept_h: float | None) -> tuple[Entry, ...]:
    """The entries of a first attempt that starved after two hours, with a newest checkpoint so many hours old."""
    trained = (Interval(start=BEGIN, end=BEGIN + 2 * HOUR),)
    first = ended(job(intervals=trained), Outcome.STARVED, ended_at=BEGIN + 2 * HOUR, usage=usage(7_200, 2_160))
    kept = scanned(2, first_kept_h, occasion="ended", kept_s=round((first_kept_h or 0) * 3600))
    return (*decide(facts(first)).entries, replace(kept, uri=str(first.checkpoint_uri)))


def second(before: tuple[Entry, ...], saved_h: float | None = 4, **changes: object) -> Facts:
    """The second attempt trains since 3:00; its newest checkpoint was written at hour ``saved_h``."""
    again = attempt(2, created_at=BEGIN + 3 * HOUR, intervals=(Interval(start=BEGIN + 3 * HOUR, end=None),), **changes)
    scan = CheckpointScan(
        uri=str(again.checkpoint_uri), scanned_at=BEGIN + 5 * HOUR, objects=1, bytes_seen=1, complete=True,
        newest_at=None if saved_h is None else BEGIN + saved_h * HOUR,
    )  # fmt: skip
    return facts(
        again, number=2, lineage=lineage(lineage_id(), entries=before), first_rate=rate(), checkpoint_scan=scan,
    )  # fmt: skip


def test_an_attempt_is_credited_once_a_later_one_went_beyond_its_checkpoint() -> None:
    before = starved_first(1.5)
    credit = recorded(second(before))["bert"]
    assert (credit.useful_s, credit.basis) == (5_400, UsefulBasis.SEEN)
    assert total((*before, credit)).useful_s == 5_400


@pytest.mark.parametrize(("completes", "saved_h", "useful_s"), [(True, None, 5_400), (False, 4, 5_400), (False, None, 0)])
def test_an_attempt_whose_usage_shows_after_the_later_one_is_at_rest_is_credited_too(
    completes: bool, saved_h: float | None, useful_s: int
) -> None:
    in_order = starved_first(1.5)
    late = tuple(e for e in in_order if not isinstance(e, Measured | Credited))
    outcome, end = Outcome.COMPLETED if completes else Outcome.STARVED, BEGIN + 5 * HOUR
    running = second(late, saved_h)
    over = ended(replace(running.job, intervals=(Interval(start=BEGIN + 3 * HOUR, end=end),)), outcome, ended_at=end)
    known = (*late, *decide(replace(running, job=over, now=end)).entries)
    first = ended(job(intervals=(Interval(start=BEGIN, end=BEGIN + 2 * HOUR),)), Outcome.STARVED, ended_at=BEGIN + 2 * HOUR)
    shown = facts(replace(first, usage=usage(7_200, 2_160)), now=BEGIN + 9 * HOUR, lineage=lineage(lineage_id(), entries=known))
    assert total((*known, *record_usage(shown).entries)).useful_s == useful_s


def test_nothing_is_credited_without_a_checkpoint() -> None:
    assert recorded(second(starved_first(None)))["bert"].useful_s == 0


@pytest.mark.parametrize("saved_h", [None, 1.5, 3])
def test_an_attempt_that_saved_nothing_of_its_own_proves_nothing_about_the_one_before(saved_h: float | None) -> None:
    assert not recorded(second(starved_first(1.5), saved_h))


def test_an_attempt_that_never_launched_changes_no_credit() -> None:
    before = starved_first(1.5)
    never = ended(attempt(2, intervals=(), started_at=None), Outcome.STARVED, ended_at=BEGIN + 3 * HOUR, usage=None)
    about = facts(never, number=2, lineage=lineage(lineage_id(), entries=before), first_rate=rate())
    between = (*before, *decide(about).entries)
    third = replace(second(between), number=3)
    third = replace(third, job=replace(third.job, name="bert-third"))
    assert recorded(third)["bert"].useful_s == 5_400
    assert (
        total((*between, recorded(third)["bert"])).saved_micros == total((*before, recorded(second(before))["bert"])).saved_micros
    )


def test_a_job_that_never_started_is_measured_and_cost_nothing() -> None:
    never = ended(job(intervals=(), started_at=None), Outcome.STARVED, usage=None)
    one = total(record_usage(facts(never, rate=None)).entries)
    assert (one.attempts, one.never_started, one.unmeasured, one.unpriced, one.spent_micros) == (1, 1, 0, 0, 0)


def test_a_job_that_started_and_shows_no_usage_is_not_known() -> None:
    assert not record_usage(facts(ended(job(started_at=BEGIN), Outcome.STARVED, usage=None))).entries


def test_a_job_that_its_runtime_limit_stopped_with_a_model_is_neither_saved_nor_wasted() -> None:
    over = ended(
        job(intervals=(Interval(start=BEGIN, end=BEGIN + HOUR),), model_artifacts="s3://m/"), Outcome.OVERRAN, usage=usage()
    )
    one = total(record_usage(facts(over)).entries)
    assert (one.stopped_with_model, one.saved_micros, one.wasted_micros) == (1, 0, 0)
    assert one.spent_micros > 0


def test_warm_pool_time_is_spent_and_neither_saves_nor_wastes() -> None:
    trained = {"intervals": (Interval(start=BEGIN, end=BEGIN + HOUR),), "spot": False}
    kept = replace(usage(3_600, 3_600), retained_s=1_800)
    one = total(record_usage(facts(ended(job(**trained), Outcome.COMPLETED, usage=kept))).entries)
    plain = total(record_usage(facts(ended(job(**trained), Outcome.COMPLETED, usage=usage(3_600, 3_600)))).entries)
    assert one.spent_micros * 2 == plain.spent_micros * 3
    assert (one.saved_micros, one.wasted_micros) == (plain.saved_micros, plain.wasted_micros) == (0, 0)


def test_a_zero_that_is_not_certain_is_a_minimum() -> None:
    first = starved_first(None)
    unsure = tuple(replace(e, exact=False) if isinstance(e, CheckpointScanned) else e for e in first)
    credit = recorded(second(unsure))["bert"]
    assert (credit.useful_s, credit.basis) == (0, UsefulBasis.BOUND)
    assert total((*unsure, credit)).bounded == 1


def test_nothing_is_credited_before_the_next_attempt_trains() -> None:
    waiting = second(starved_first(1.5))
    assert not recorded(replace(waiting, job=replace(waiting.job, intervals=())))


def test_nothing_is_credited_where_the_next_attempt_uses_another_prefix() -> None:
    assert not recorded(second(starved_first(1.5), checkpoint_uri="s3://checkpoints/elsewhere/"))


def test_the_counterfactual_of_a_dearer_attempt_is_priced_at_the_first_attempt_s_type() -> None:
    second = ended(attempt(2), Outcome.COMPLETED, usage=usage(3_600, 1_800))
    about = facts(second, number=2, lineage=lineage(entries=()), rate=rate(3_000_000), first_rate=rate(1_000_000))
    one = total(record_usage(about).entries)
    assert (one.counterfactual_micros, one.spent_micros) == (1_000_000, 1_500_000)


def test_a_first_attempt_on_demand_counts_as_movable() -> None:
    over = ended(job(spot=False), Outcome.COMPLETED, usage=usage(3_600, 3_600))
    one = total(record_usage(facts(over)).entries)
    assert (one.movable, one.movable_micros, one.saved_micros) == (1, one.spent_micros, 0)


def test_the_user_and_the_algorithm_are_recorded_with_the_usage() -> None:
    over = ended(job(tags={"team": "vision", "user": "ada"}), Outcome.COMPLETED, usage=usage())
    [one] = [e for e in record_usage(facts(over)).entries if isinstance(e, Measured)]
    assert (one.user, one.algorithm) == ("ada", "pytorch-training")


@pytest.mark.parametrize(("checkpoint_uri", "useful_s"), [(None, 7_200), ("s3://checkpoints/bert/", 12_600)])
def test_training_lost_to_a_repetition_by_sagemaker_is_wasted(checkpoint_uri: str | None, useful_s: int) -> None:
    two = (Interval(start=BEGIN, end=BEGIN + 2 * HOUR), Interval(start=BEGIN + 3 * HOUR, end=BEGIN + 5 * HOUR))
    over = ended(
        job(checkpoint_uri=checkpoint_uri, intervals=two, repeated_at=(BEGIN + 2 * HOUR,)), Outcome.COMPLETED,
        ended_at=BEGIN + 5 * HOUR, usage=usage(14_400, 14_400),
    )  # fmt: skip
    scan = scanned(2.1, 1.5, occasion=f"repeated/{(BEGIN + 2 * HOUR).isoformat()}")
    entries = record_usage(facts(over, lineage=lineage(entries=[scan]))).entries
    one = total(entries)
    assert one.useful_s == useful_s
    assert one.wasted_micros == one.spent_micros * (14_400 - useful_s) // 14_400
    assert [e.repeats for e in entries if isinstance(e, Measured)] == [1]


def test_how_long_a_job_waited_for_its_starts_is_recorded_with_its_usage() -> None:
    two = (Interval(start=BEGIN + HOUR, end=BEGIN + 2 * HOUR), Interval(start=BEGIN + 5 * HOUR, end=BEGIN + 6 * HOUR))
    unknown = (replace(two[0], end=None), two[1])
    for intervals, waited_s in (((), None), (two[:1], 3_600), (two, 4 * 3_600), (unknown, None)):
        over = replace(ended(job(), Outcome.COMPLETED, ended_at=BEGIN + 6 * HOUR, usage=usage()), intervals=intervals)
        assert [e.waited_s for e in record_usage(facts(over)).entries if isinstance(e, Measured)] == [waited_s]


def test_a_job_that_was_interrupted_in_its_first_hour_cost_nothing_and_does_not_count_as_never_started() -> None:
    trained = (Interval(start=BEGIN, end=BEGIN + HOUR / 2),)
    starved = job(intervals=trained, interrupted_at=(BEGIN + HOUR / 2,))
    one = total(record_usage(facts(ended(starved, Outcome.STARVED, usage=usage(0, 0)))).entries)
    assert (one.attempts, one.never_started, one.spent_micros, one.wasted_micros) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("outcome", "changes", "with_model"),
    [
        (Outcome.OVERRAN, {}, 1),
        (Outcome.OVERRAN, {"model_artifacts": None}, 0),
        (Outcome.OVERRAN, {"intervals": ()}, 0),  # it was still downloading, so there is no trained model
        (Outcome.STOPPED, {"service": Service.TUNING}, 1),
        (Outcome.STOPPED, {"service": Service.AUTOML}, 1),
        (Outcome.STOPPED, {"service": Service.PIPELINES}, 0),
        (Outcome.STOPPED, {}, 0),
        (Outcome.STARVED, {}, 0),
        (Outcome.ALGORITHM, {"service": Service.TUNING}, 0),
    ],
)
def test_only_a_limit_or_a_tuner_that_stopped_training_leaves_a_model_that_is_neither_saved_nor_wasted(
    outcome: Outcome, changes: dict[str, Any], with_model: int
) -> None:
    trained = job(intervals=(Interval(start=BEGIN, end=BEGIN + HOUR),), model_artifacts="s3://m/")
    one = total(record_usage(facts(replace(ended(trained, outcome, usage=usage(3_600, 1_200)), **changes))).entries)
    assert (one.stopped_with_model, one.saved_micros) == (with_model, 0 if with_model else -one.spent_micros)
    assert one.wasted_micros == (0 if with_model else one.spent_micros)


@pytest.mark.parametrize(
    ("intervals_h", "newest_h", "training_s", "useful_s"),
    [
        # A download of 300 s before each; AWS leaves out the interval that was interrupted in its first hour.
        (((0, 0.5), (1, 3)), None, 300 + 7_200, 300 + 7_200),
        (((0, 0.5), (1, 3), (4, 5)), 2.5, 600 + 10_800, 600 + 5_400 + 3_600),
        (((0, 2), (3, 5)), None, 600 + 14_400, 600 + 7_200),
        (((0, 2), (3, 5)), 1.5, 600 + 14_400, 600 + 12_600),
        (((0, 2), (3, 5)), 2.02, 600 + 14_400, 600 + 14_400),  # written in the grace period after the interruption
        (((0, 2), (3, 5)), 3, 600 + 14_400, 600 + 14_400),  # in the second in which the next interval begins
    ],
)
def test_what_aws_counts_beside_the_intervals_is_not_lost(
    intervals_h: tuple[tuple[float, float], ...], newest_h: float | None, training_s: int, useful_s: int
) -> None:
    spans = tuple(Interval(start=BEGIN + a * HOUR, end=BEGIN + b * HOUR) for a, b in intervals_h)
    cuts = tuple(span.end for span in spans[:-1] if span.end)
    over = ended(
        job(intervals=spans, interrupted_at=cuts), Outcome.COMPLETED, ended_at=spans[-1].end, usage=usage(training_s, 1_000)
    )  # fmt: skip
    seen = [scanned(intervals_h[-2][1] + 0.1, newest_h)] if newest_h != 3 else [scanned(3, newest_h)]
    assert recorded(facts(over, lineage=lineage(entries=seen)))["bert"].useful_s == useful_s
