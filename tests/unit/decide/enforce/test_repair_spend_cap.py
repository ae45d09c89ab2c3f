"""A job is stopped to be repaired only if the cap has room for its next attempt; otherwise the cap is checked each hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide.decision import Need
from controller.decide.enforce.repair_spend_cap import look_for_room_again, with_room
from controller.decide.facts import Facts
from controller.jobs.job import Job
from controller.jobs.request import change_to_json
from controller.ledger.intent import Intent, IntentResult, Purpose, Stop, Wake
from controller.ledger.move_cause import MoveCause
from controller.policy.repair import NotRepairable
from tests.builders import BEGIN, block, ended, facts, job, lineage, policy, rate
from tests.unit.decide.deciding import HOUR

PLAN = Stop(about="bert", because="use-spot", purpose=Purpose.REPAIR, next_cause=MoveCause.REPAIR)
RESERVED = replace(PLAN, cost_micros=1_515_000, cap_micros=9_000_000, month="2026-03")
HELD = replace(PLAN, cost_micros=7, cap_micros=8, month="2026-03")


def capped(cap_micros: int = 9_000_000, **changes: object) -> Facts:
    """A job of one hour, $1.515, whose team has a cap."""
    one = policy(resubmissions=(block(team_month_cap_micros=cap_micros),))
    return facts(job(runtime_s_max=3600), **({"policy": one} | changes))


def test_the_next_attempt_of_a_repair_is_reserved_before_the_stop() -> None:
    assert with_room(capped(), PLAN) == RESERVED
    assert with_room(capped(1_515_000), PLAN) == replace(RESERVED, cap_micros=1_515_000)


@pytest.mark.parametrize("plan", [None, NotRepairable(why="w"), replace(PLAN, purpose=Purpose.RULE)])
def test_a_plan_without_a_repair_is_not_limited_by_a_cap(plan: Stop | NotRepairable | None) -> None:
    assert with_room(capped(1), plan) is plan


def test_without_a_cap_nothing_is_reserved() -> None:
    assert with_room(facts(), PLAN) is PLAN


def test_what_the_team_spent_is_looked_up_first() -> None:
    assert with_room(capped(looked_up=frozenset()), PLAN) is Need.TEAM_SPENT


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cap_micros": 1_514_999}, "its next attempt may cost $1.52, which is more than is left of the spend cap of $1.51"),
        (
            {"team_spent_micros": 7_485_001},
            "its next attempt may cost $1.52, which is more than is left of the spend cap of $9.00",
        ),
        ({"rate": None}, "no price is known for its next attempt, so the spend cap of $9.00 cannot be checked"),
    ],
)
def test_without_room_the_job_is_not_repaired_for_now_and_the_reason_has_the_amounts(changes: dict[str, int], why: str) -> None:
    assert with_room(capped(**changes), PLAN) == NotRepairable(why=why, for_now=True)


@pytest.mark.parametrize(("dollars_an_hour", "room"), [(9, True), (10, False), (None, False)])
def test_a_repair_that_changes_the_instance_type_is_held_to_the_cap_with_its_new_price(dollars_an_hour: int, room: bool) -> None:
    plan = replace(PLAN, changes=change_to_json({"ResourceConfig": {"InstanceType": "ml.p4d.24xlarge"}}))
    rates = {"ml.p4d.24xlarge": rate(dollars_an_hour * 1_000_000)} if dollars_an_hour else {}
    assert isinstance(with_room(capped(rates=rates), plan), Stop) is room


@pytest.mark.parametrize(
    ("begun", "wanted"),
    [
        (Intent(action=HELD, due_at=BEGIN, claim=1), HELD),
        (Intent(action=HELD, due_at=BEGIN), RESERVED),
        (Intent(action=replace(HELD, month="2026-02"), due_at=BEGIN, claim=1), RESERVED),
        (Intent(action=HELD, due_at=BEGIN, claim=1, closed=IntentResult.WITHDRAWN), RESERVED),
        (Intent(action=replace(HELD, about="bert-0"), due_at=BEGIN, claim=1), RESERVED),
    ],
    ids=["it was begun", "nobody tried it", "its month is over", "it is over", "it is about another job"],
)
def test_a_stop_that_was_begun_keeps_what_it_reserved(begun: Intent, wanted: Stop) -> None:
    assert with_room(capped(lineage=lineage(intents=(begun,))), PLAN) == wanted


@pytest.mark.parametrize(("minutes", "hours"), [(0, 1), (59.9, 1), (60, 2), (61, 2)])
def test_the_cap_is_checked_again_at_the_next_full_hour_since_the_creation_of_the_job(minutes: float, hours: int) -> None:
    found = look_for_room_again(facts(now=BEGIN + timedelta(minutes=minutes)), NotRepairable(why="w", for_now=True))
    at = BEGIN + hours * HOUR
    assert found == (Intent(action=Wake(about="bert", at=at), due_at=at),)


@pytest.mark.parametrize(
    ("of", "plan"),
    [
        (job(), None),
        (job(), PLAN),
        (job(), NotRepairable(why="never")),
        (ended(job()), NotRepairable(why="w", for_now=True)),
    ],
)
def test_a_job_that_is_over_or_whose_answer_is_final_is_not_looked_at_again(of: Job, plan: Stop | NotRepairable | None) -> None:
    assert look_for_room_again(facts(of), plan) == ()
