"""An attempt is submitted only if the spend cap of its lineage has room for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.decide.facts import Facts
from controller.decide.spend_cap import (
    Affordable,
    afford,
    attempt_cost_micros,
    cost_facts,
    lineage_spent_micros,
    stop_before,
)
from controller.jobs.job import Outcome
from controller.jobs.request import on_demand, on_instances
from controller.ledger.entry import Ended, Measured, Started
from controller.ledger.intent import Intent, IntentResult, Purpose, Stop, Submit
from controller.ledger.messages.message import CapFacts, CostFacts
from tests.builders import BEGIN, block, ended, facts, job, lineage, rate, usage
from tests.unit.decide.deciding import HOUR, actions, looked_up, text


def starved(cap_micros: int, **changes: Any) -> Facts:
    """A job that ended without its model and may run for one hour, $1.515 on-demand, once more."""
    over = ended(job(runtime_s_max=3600))
    return looked_up(over, now=BEGIN + HOUR, claims=None, resubmission=block(cap_micros=cap_micros), **changes)


def test_an_attempt_within_the_cap_is_submitted_and_one_above_it_is_reported() -> None:
    assert actions(starved(2_979_500), Submit)
    above = starved(2_979_499)
    assert not actions(above, Submit)
    assert "Spend cap: $2.98. Spent so far, at most: $1.46. The next attempt may cost $1.52." in text(above, "gave-up")


def test_what_earlier_attempts_cost_counts_against_the_cap() -> None:
    spent = Measured(
        job="bert-0", at=BEGIN, team="vision", training_s=3600, billable_s=3600, spot=True, instance_type="ml.g5.2xlarge",
        instance_count=1, region="us-east-1", rate_micros_per_h=1_515_000, rate_as_of=None, rate_source=None,
    )  # fmt: skip
    assert actions(starved(4_000_000), Submit)
    assert not actions(starved(4_000_000, lineage=lineage(entries=(spent,))), Submit)


def test_without_a_price_a_capped_attempt_is_not_submitted() -> None:
    unpriced = starved(9_000_000, rate=None)
    assert not actions(unpriced, Submit)
    assert "No price is known for this instance type" in text(unpriced, "gave-up")


CHOICES = '[{"InstanceType": "ml.g5.2xlarge"}, {"InstanceCount": 2, "InstanceType": "ml.p3.2xlarge"}]'


def before(name: str = "bert-0", *, ran_s: int | None, runtime_s: int = 3600) -> tuple[Started, Ended]:
    """An earlier attempt whose usage SageMaker never showed."""
    started = Started(
        job=name, at=BEGIN, team="vision", number=1, spot=True, instance_type="ml.g5.2xlarge", instance_count=1,
        region="us-east-1", service=None, checkpoint_uri=None, runtime_s_max=runtime_s,
    )  # fmt: skip
    over = Ended(
        job=name, at=BEGIN, team="vision", outcome=Outcome.STARVED, seen_at=BEGIN, failure=None, spot=True,
        instance_type="ml.g5.2xlarge", region="us-east-1", ran_s=ran_s,
    )  # fmt: skip
    return started, over


@pytest.mark.parametrize(("ran_s", "spent"), [(0, 0), (1800, 757_500), (9000, 1_515_000), (None, 1_515_000)])
def test_an_attempt_without_recorded_usage_counts_as_long_as_it_ran(ran_s: int | None, spent: int) -> None:
    never_started = ended(job(), started_at=None, intervals=())
    assert lineage_spent_micros(facts(never_started, lineage=lineage(entries=before(ran_s=ran_s)))) == spent


def test_an_attempt_costs_what_the_request_that_is_sent_may_cost() -> None:
    known = facts(job(runtime_s_max=7200), rates={"ml.p3.2xlarge": rate(3_825_000)})
    assert attempt_cost_micros(known, {}) == 3_030_000
    assert attempt_cost_micros(known, on_demand()) == 3_030_000
    assert attempt_cost_micros(known, on_instances("ml.p3.2xlarge")) == 7_650_000
    assert attempt_cost_micros(known, {"StoppingCondition": {"MaxRuntimeInSeconds": 3600}}) == 1_515_000
    assert attempt_cost_micros(known, on_instances("ml.unknown")) is None


def test_of_the_types_that_sagemaker_may_choose_from_the_dearest_counts() -> None:
    flexible = job(runtime_s_max=3600, preferences=CHOICES)
    known = facts(flexible, rates={"ml.p3.2xlarge": rate(3_825_000)})
    assert attempt_cost_micros(known, {}) == 7_650_000
    assert attempt_cost_micros(replace(known, rates={}), {}) is None


@pytest.mark.parametrize(
    ("tags", "history"), [({"spotwarden:expected-runtime": "1"}, ()), ({"spotwarden:family": "tiny"}, (1, 1, 1))]
)
def test_no_tag_makes_an_attempt_cheaper(tags: dict[str, str], history: tuple[int, ...]) -> None:
    over = ended(job(runtime_s_max=36_000, tags={"team": "vision", **tags}))
    allowed = afford(looked_up(over, history=history, resubmission=block(cap_micros=5_000_000)), {})
    assert isinstance(allowed, CapFacts)
    assert allowed.next_micros == 15_150_000


def test_if_the_whole_runtime_does_not_fit_a_limit_from_the_runs_of_the_family_is_sent() -> None:
    over = ended(job(runtime_s_max=36_000), started_at=None, intervals=())
    known = looked_up(over, history=(3000, 3600, 2000), resubmission=block(cap_micros=5_000_000))
    assert afford(known, {}) == Affordable(
        changes={"StoppingCondition": {"MaxRuntimeInSeconds": 4500}}, cost_micros=1_893_750
    )  # fmt: skip
    roomy = looked_up(over, history=known.history, resubmission=block(cap_micros=16_000_000))
    assert afford(roomy, {}) == Affordable(changes={}, cost_micros=15_150_000)
    assert isinstance(afford(replace(known, history=(3600, 3600)), {}), CapFacts)


def test_recorded_usage_without_a_price_leaves_a_cap_unchecked() -> None:
    unpriced = Measured(
        job="bert-0", at=BEGIN, team="vision", training_s=60, billable_s=60, spot=True, instance_type="ml.new",
        instance_count=1, region="us-east-1", rate_micros_per_h=None, rate_as_of=None, rate_source=None,
    )  # fmt: skip
    above = starved(9_000_000, lineage=lineage(entries=(unpriced,)))
    assert not actions(above, Submit)
    assert "No price is known" in text(above, "gave-up")


def test_a_live_job_may_cost_an_hour_of_its_instances_and_its_whole_max_runtime() -> None:
    hour = CostFacts(hour_micros=3_030_000, most_micros=6_060_000)
    assert cost_facts(facts(job(instance_count=2, runtime_s_max=7200))) == hour
    assert cost_facts(facts(job(), rate=None)) == CostFacts()


def test_what_messages_say_was_spent_covers_the_attempts_with_known_usage_and_counts_the_others() -> None:
    earlier = lineage(entries=(*before(ran_s=60), *before("bert-1", ran_s=0)))
    over = ended(job(), usage=usage())
    assert cost_facts(facts(over, lineage=earlier)) == CostFacts(spent_micros=352_238, measured=1, unknown=1)
    assert cost_facts(facts(over, lineage=earlier, rate=None)) == CostFacts(unknown=2)
    assert cost_facts(facts(ended(job()), lineage=earlier)) == CostFacts(unknown=2)


@pytest.mark.parametrize(
    ("purpose", "month", "reserves"),
    [
        (Purpose.MOVE, "", True),
        (Purpose.REPAIR, "2026-03", True),
        (Purpose.REPAIR, "", False),
        (Purpose.RULE, "2026-03", False),
    ],
)
def test_a_submission_follows_the_begun_stop_of_a_move_or_of_a_repair_that_reserved(
    purpose: Purpose, month: str, reserves: bool
) -> None:
    stop = Stop(about="bert", because="b", purpose=purpose, month=month)
    known = lineage(intents=(Intent(action=stop, due_at=BEGIN, claim=1, closed=IntentResult.DONE),))
    assert stop_before("submit/bert-r02", "bert", known) == (stop if reserves else None)
