"""What was reserved under a team's spend cap is settled when usage is known, and given back if no attempt was created."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.decide.facts import Facts
from controller.decide.settle_caps import ended_early, replaced_by, settle_caps
from controller.decide.spend_cap import still_reserved, stop_before
from controller.jobs.job import Outcome
from controller.ledger.attempt_name import attempt_name
from controller.ledger.entry import Ended, Measured, Started
from controller.ledger.intent import NAME_TAKEN, Intent, IntentResult, Purpose, Settle, Stop, Submit
from controller.ledger.move_cause import MoveCause
from controller.policy.policy import Policy
from tests.builders import BEGIN, attempt, block, ended, facts, job, ledger_with, lineage, lineage_id, policy, usage
from tests.unit.decide.deciding import actions

SECOND = attempt_name(lineage_id(), 2)
ACCOUNT = "money/vision/2026-03"


def submitted(result: IntentResult | None = IntentResult.DONE, **changes: Any) -> Intent:
    submit = Submit(
        about="bert", job=SECOND, number=2, cause=MoveCause.DEADLINE, cost_micros=900, cap_micros=1000, month="2026-03"
    )  # fmt: skip
    return Intent(action=replace(submit, **changes), due_at=BEGIN, claim=1, closed=result)


def started(name: str, number: int) -> Started:
    return Started(
        job=name, at=BEGIN, team="vision", number=number, spot=True, instance_type="ml.g5.2xlarge", instance_count=1,
        region="us-east-1", service=None, checkpoint_uri=None,
    )  # fmt: skip


def second(intent: Intent, **changes: Any) -> Facts:
    """The second attempt at its end."""
    over = ended(attempt(2, created_at=BEGIN), Outcome.COMPLETED, **changes)
    known = lineage(entries=(started("bert", 1), started(SECOND, 2)), intents=(intent,))
    return facts(over, number=2, lineage=known)


def first(*intents: Intent, capped: Policy | None = None) -> Facts:
    """The first attempt, which ended without its model."""
    known = lineage(entries=(started("bert", 1),), intents=intents)
    return facts(ended(job()), lineage=known, policy=capped or policy(resubmissions=()))


def test_an_attempt_is_settled_with_what_it_cost_once_its_usage_is_known() -> None:
    assert actions(second(submitted()), Settle) == []
    [settle] = actions(second(submitted(), usage=usage(training_s=3600, billable_s=1200)), Settle)
    assert settle == Settle(about=SECOND, holder=f"submit/{SECOND}", account=ACCOUNT, amount_micros=505_000)


def test_an_attempt_is_settled_with_what_was_recorded_first_whatever_its_price_is_now() -> None:
    dearer = second(submitted(), usage=usage(training_s=3600, billable_s=1200))
    known = replace(dearer.lineage, entries=(*dearer.lineage.entries, measured(2400)))
    assert [i.action.amount_micros for i in settle_caps(replace(dearer, lineage=known)).intents] == [1_010_000]


def test_an_attempt_whose_usage_never_comes_is_settled_as_long_as_it_ran() -> None:
    never = second(submitted())
    [settle] = actions(replace(never, now=never.now + timedelta(days=2)), Settle)
    assert settle.amount_micros == 1_464_500


def test_an_attempt_without_a_price_stays_reserved() -> None:
    assert actions(replace(second(submitted(), usage=usage()), rate=None), Settle) == []


@pytest.mark.parametrize("changes", [{"cap_micros": None}, {"cost_micros": None}, {"month": ""}])
def test_what_was_never_reserved_is_not_settled(changes: dict[str, Any]) -> None:
    assert actions(second(submitted(**changes), usage=usage()), Settle) == []


@pytest.mark.parametrize(("result", "given_back"), [
    (IntentResult.REFUSED, True), (IntentResult.ABANDONED, True), (IntentResult.DONE, False), (None, False),
])  # fmt: skip
def test_an_attempt_that_was_never_made_gives_its_reservation_back(result: IntentResult | None, given_back: bool) -> None:
    settled = [i.action for i in settle_caps(first(submitted(result))).intents]
    wanted = Settle(about="bert", holder=f"submit/{SECOND}", account=ACCOUNT, amount_micros=0)
    assert settled == ([wanted] if given_back else [])


def test_a_job_that_ended_before_its_move_gives_the_reservation_back() -> None:
    stop = Stop(
        about="bert", because="x", purpose=Purpose.MOVE, next_cause=MoveCause.DEADLINE, cost_micros=900, cap_micros=1000,
        month="2026-03",
    )  # fmt: skip
    stopped = Intent(action=stop, due_at=BEGIN, claim=1, closed=IntentResult.DONE)
    completed = replace(first(stopped), job=ended(job(), Outcome.COMPLETED))
    wanted = Settle(about="bert", holder="move/bert", account=ACCOUNT, amount_micros=0)
    assert [i.action for i in settle_caps(completed).intents] == [wanted]
    goes_on = replace(first(stopped, capped=policy(resubmissions=(block(),))), job=ended(job(), Outcome.STOPPED))
    assert actions(goes_on, Submit)
    assert settle_caps(goes_on).intents == ()


def test_a_settlement_is_decided_once() -> None:
    known = second(submitted(), usage=usage())
    ledger, decision = ledger_with(known.lineage), decide(known)
    assert any(isinstance(i.action, Settle) for i in decision.intents)
    assert ledger.commit(known.lineage, decision.leased(known.now, known.now + timedelta(minutes=1)))
    assert not decide(replace(known, lineage=ledger.load(known.lineage.id)))


# ── what the attempts before still hold ──────────────────────────────────────────────────────────────────────────────────────

THIRD = attempt_name(lineage_id(), 3)
MOVE = Intent(action=Stop(about="bert", because="x", purpose=Purpose.MOVE, month="2026-03"), due_at=BEGIN, claim=1)


def stop_of(submit: Intent, *known: Intent) -> Stop | None:
    assert isinstance(submit.action, Submit)
    return stop_before(submit.action.key, submit.action.about, lineage(intents=(submit, *known)))


def test_an_attempt_follows_its_stop_unless_it_returns_from_a_place_that_refused_the_job() -> None:
    move, way_back = submitted(None), submitted(None, job=THIRD, number=3)
    assert stop_of(move, MOVE) == MOVE.action
    assert stop_of(way_back, MOVE, submitted(IntentResult.REFUSED)) is None
    elsewhere = submitted(IntentResult.REFUSED, about=SECOND, job=THIRD, number=3)
    assert stop_of(move, MOVE, elsewhere) == MOVE.action


@pytest.mark.parametrize("stop", [None, replace(MOVE, claim=0), replace(MOVE, action=Stop(about="bert", because="x"))])
def test_an_attempt_without_a_stop_for_a_move_that_was_begun_follows_none(stop: Intent | None) -> None:
    assert stop_of(submitted(None), *([stop] if stop else [])) is None


@pytest.mark.parametrize(
    ("changes", "keeps"),
    [
        ({}, True),
        ({"claim": 0}, False),
        ({"closed": IntentResult.WITHDRAWN}, False),
        ({"action": replace(MOVE.action, month="2026-02")}, False),
        ({"action": replace(MOVE.action, month="2026-02"), "leased_until": BEGIN}, True),
        ({"action": replace(MOVE.action, month="")}, True),
    ],
)
def test_a_stop_that_was_begun_keeps_what_it_reserved_until_the_month_is_over(changes: dict[str, Any], keeps: bool) -> None:
    begun = replace(MOVE, **changes)
    assert still_reserved(begun, BEGIN) == (begun.action if keeps else None)


def test_an_attempt_takes_over_the_reservations_of_its_stop_and_of_submissions_that_created_no_job() -> None:
    taken = replace(submitted(IntentResult.REFUSED), why=f"{NAME_TAKEN}by somebody")
    following = submitted(None, job=THIRD)
    known = lineage(intents=(MOVE, taken, following, submitted(job="other", about="other")))
    assert replaced_by(following.action, known) == (MOVE.action, taken.action)  # type: ignore[arg-type]  # it is a Submit
    assert replaced_by(following.action, lineage(intents=(replace(MOVE, claim=0),))) == ()  # type: ignore[arg-type]


def test_a_submission_whose_name_others_took_gives_its_reservation_back() -> None:
    taken = replace(submitted(IntentResult.REFUSED), why=f"{NAME_TAKEN}by somebody")
    wanted = Settle(about="bert", holder=f"submit/{SECOND}", account=ACCOUNT, amount_micros=0)
    assert [i.action for i in settle_caps(first(taken)).intents] == [wanted]


def measured(billable_s: int) -> Measured:
    return Measured(
        job=SECOND, at=BEGIN, team="vision", training_s=3600, billable_s=billable_s, spot=True, instance_type="ml.g5.2xlarge",
        instance_count=1, region="us-east-1", rate_micros_per_h=1_515_000, rate_as_of=None, rate_source=None,
    )  # fmt: skip


@pytest.mark.parametrize(("ran_s", "billed", "holds"), [
    (None, None, None), (0, None, 0), (5, None, 450), (7, None, 630), (99, None, 900), (5, 1200, 505_000),
])  # fmt: skip
def test_the_attempt_before_holds_the_share_of_its_time_that_it_ran_until_its_usage_is_known(
    ran_s: int | None, billed: int | None, holds: int | None
) -> None:
    over = Ended(
        job=SECOND, at=BEGIN, team="vision", outcome=Outcome.FAILED, seen_at=BEGIN, failure=None, spot=True,
        instance_type="ml.g5.2xlarge", region="us-east-1", ran_s=ran_s,
    )  # fmt: skip
    began = replace(started(SECOND, 2), runtime_s_max=10)
    entries: tuple[Any, ...] = (started("bert", 1), began, over)
    if billed is not None:
        entries += (measured(billed),)
    known = lineage(entries=entries, intents=(submitted(),))
    following = submitted(None, about=SECOND, job=THIRD, number=3)
    wanted = () if holds is None else ((submitted().action, holds),)
    assert ended_early(following.action, known) == wanted  # type: ignore[arg-type]
