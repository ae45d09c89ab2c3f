"""What was reserved from a team's spend cap is settled once usage is known, and given back where no attempt was made."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.decide.facts import Facts
from controller.decide.settle_caps import settle_caps
from controller.jobs.job import Outcome
from controller.ledger.entry import Started
from controller.ledger.intent import Intent, IntentResult, Purpose, Settle, Stop, Submit
from controller.ledger.lineage import attempt_name
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


def test_a_settlement_is_said_once() -> None:
    known = second(submitted(), usage=usage())
    ledger, decision = ledger_with(known.lineage), decide(known)
    assert any(isinstance(i.action, Settle) for i in decision.intents)
    assert ledger.commit(known.lineage, decision.leased(known.now, known.now + timedelta(minutes=1)))
    assert not decide(replace(known, lineage=ledger.load(known.lineage.id)))
