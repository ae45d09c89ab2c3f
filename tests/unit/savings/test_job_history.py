"""From a family's history, the next run's length and the relative speed of two instance types are estimated."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide.decision import Decision
from controller.decide.record_usage import record_usage
from controller.jobs.job import Outcome
from controller.ledger.entry import Credited, Finished, Measured, Started
from controller.savings.attempt_savings import savings_of
from controller.savings.job_history import FamilyRun, first_permille, quantile
from tests.builders import BEGIN, attempt, ended, facts, lineage, usage
from tests.simulation.memory import MemoryLedger

A10G, L4 = "ml.g5.2xlarge", "ml.g6.2xlarge"


def runs(instance_type: str, *work_s: int) -> tuple[FamilyRun, ...]:
    return tuple(FamilyRun(instance_type=instance_type, work_s=one) for one in work_s)


def test_the_quantile_is_the_smallest_run_that_covers_the_share() -> None:
    assert quantile((10, 30, 20), 0.5) == 20
    assert quantile((10, 30, 20), 0.9) == 30
    for percent in range(1, 101):  # of 20 runs, 55 % are 11, although 0.55 · 20 is a little more as binary fractions
        assert [quantile(range(1, n + 1), percent / 100) for n in (1, 20, 50, 100)] == [
            -(-percent * n // 100) for n in (1, 20, 50, 100)
        ]  # fmt: skip


def test_half_the_speed_is_half_the_seconds_on_the_first_type() -> None:
    known = (*runs(A10G, 3600, 3000, 4000), *runs(L4, 7200, 7000, 9000))
    assert first_permille(known, A10G, L4) == 500
    assert first_permille(known, L4, A10G) == 2000


def test_up_to_a_factor_of_ten_runs_did_the_same_work() -> None:
    ten, more = runs(L4, 36_000, 36_000, 36_000), runs(L4, 36_040, 36_040, 36_040)
    on_first = runs(A10G, 3600, 3600, 3600)
    assert first_permille((*on_first, *ten), A10G, L4) == 100
    assert first_permille((*on_first, *ten), L4, A10G) == 10_000
    assert first_permille((*runs(A10G, 10_000, 10_000, 10_000), *runs(L4, 100_010, 100_010, 100_010)), L4, A10G) is None
    assert first_permille((*on_first, *more), L4, A10G) is None


@pytest.mark.parametrize(
    "known",
    [(), runs(A10G, 1, 2, 3), (*runs(A10G, 10, 10), *runs(L4, 20, 20, 20)), (*runs(A10G, 1, 1, 1), *runs(L4, 99, 99, 99))],
    ids=["none", "one type", "too few", "another work"],
)
def test_too_few_runs_or_runs_of_another_work_say_nothing_of_the_speed(known: tuple[FamilyRun, ...]) -> None:
    assert first_permille(known, A10G, L4) is None


MEASURED = Measured(
    job="bert-r02", at=BEGIN, team=None, training_s=7200, billable_s=2400, spot=True, instance_type=L4, instance_count=1,
    region="us-east-1", rate_micros_per_h=1_000_000, rate_as_of=None, rate_source=None, number=2,
    first_rate_micros_per_h=1_200_000, other_instances=True,
)  # fmt: skip
USEFUL = Credited(job="bert-r02", at=BEGIN, team=None, useful_s=7200, basis="whole")


def test_a_slower_type_does_not_inflate_the_savings_where_its_speed_is_known() -> None:
    unknown = savings_of(MEASURED, USEFUL)
    assert (unknown.counterfactual_micros, unknown.speed_unknown) == (2_000_000, 1)  # 2 h at the lower price
    slower = savings_of(replace(MEASURED, first_permille=500), USEFUL)
    assert (slower.counterfactual_micros, slower.speed_unknown) == (1_200_000, 0)  # 1 h of the first type
    faster = savings_of(replace(MEASURED, first_permille=2000), USEFUL)
    assert faster.counterfactual_micros == 2_000_000  # never more than this type costs on-demand
    third = savings_of(replace(MEASURED, first_permille=333), replace(USEFUL, useful_s=7199))
    assert third.counterfactual_micros == 2397 * 1_200_000 // 3600  # whole seconds of the first type


def test_the_first_attempt_s_instances_have_a_known_speed_and_lost_training_needs_none() -> None:
    assert savings_of(replace(MEASURED, other_instances=False), USEFUL).speed_unknown == 0
    assert savings_of(MEASURED, None).speed_unknown == 0


def test_an_attempt_on_other_instances_is_recorded_as_such_with_the_speed_that_is_known() -> None:
    root = Started(
        job="bert", at=BEGIN, team="vision", number=1, spot=True, instance_type=A10G, instance_count=1, region="us-east-1",
        service=None, checkpoint_uri=None,
    )  # fmt: skip
    for instance_type, count, other in ((A10G, 1, False), (L4, 1, True), (A10G, 2, True)):
        done = ended(attempt(2, instance_type=instance_type, instance_count=count), Outcome.COMPLETED, usage=usage())
        known = facts(done, number=2, lineage=lineage(entries=(root,)), first_permille=500 if other else None)
        [measured] = [e for e in record_usage(known).entries if isinstance(e, Measured)]
        assert (measured.other_instances, measured.first_permille) == (other, 500 if other else None)


def test_runs_of_one_attempt_are_found_with_their_types() -> None:
    ledger = MemoryLedger()
    done = Finished(
        job="bert", at=BEGIN, team=None, family="bert", outcome=Outcome.COMPLETED, attempts=1, spot=True, instance_type=A10G,
        region="us-east-1", work_s=3600, deadline=None,
    )  # fmt: skip
    for number, entry in enumerate((done, replace(done, attempts=2), replace(done, work_s=None))):
        own = replace(lineage().id, root=f"bert-{number}", created_at=BEGIN + timedelta(minutes=number))
        assert ledger.lineages.commit(ledger.lineages.load(own), Decision(entries=(entry,)))
    assert ledger.histories.runs(lineage().id.account, "us-east-1", "bert", 50) == runs(A10G, 3600)
