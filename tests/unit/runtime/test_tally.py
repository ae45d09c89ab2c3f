"""What is decided and done is counted by verdict, by kind and answer, and by closed day; each count is taken once."""

from __future__ import annotations

from controller.aws.dynamodb.items import STORED_NAMES
from controller.decide.decision import Decision
from controller.jobs.failure import FailureCause
from controller.ledger.entry import Started
from controller.ledger.intent import Announce, Intent, IntentResult, Probe, Publish, Stop, Submit, Wake
from controller.runtime.tally import Tally
from controller.savings.attempt_savings import Savings
from controller.savings.rollup import Count, CountKind, Group, Rollup
from tests.builders import BEGIN
from tests.unit.decide.test_user_requests import FLAGGED

GROUP = Group(team="vision", user="ada", algorithm="xgboost", instance_type="ml.g5.xlarge", region="us-east-1")
STARTED = Started(
    job="bert", at=BEGIN, team=None, number=1, spot=True, instance_type="ml.g5.xlarge", instance_count=1, region="us-east-1",
    service=None, checkpoint_uri=None,
)  # fmt: skip


def stop() -> Intent:
    return Intent(action=Stop(about="bert", because="w"), due_at=BEGIN)


def test_a_decision_is_counted_once_by_its_strongest_part() -> None:
    tally = Tally()
    submit = Intent(action=Submit(about="bert", job="bert-2", number=2, cause=FailureCause.CAPACITY), due_at=BEGIN)
    for decision in (
        Decision(entries=(STARTED, FLAGGED), intents=(stop(), submit)),
        Decision(entries=(FLAGGED,), intents=(stop(),)),
        Decision(entries=(FLAGGED,)),
        Decision(entries=(STARTED,)),
        Decision(),
    ):
        tally.decided(decision)
    assert list(tally.taken()) == [
        ("Decisions", {"verdict": "submit"}, 1), ("JobsStarted", {}, 2), ("Decisions", {"verdict": "stop"}, 1),
        ("Decisions", {"verdict": "finding"}, 1), ("Decisions", {"verdict": "record"}, 1),
    ]  # fmt: skip
    assert list(tally.taken()) == []


def test_answers_are_counted_by_kind_except_those_of_a_wake() -> None:
    tally = Tally()
    for result in (IntentResult.DONE, IntentResult.DONE, None):
        tally.performed(stop(), result)
    tally.performed(Intent(action=Wake(about="bert", at=BEGIN), due_at=BEGIN), IntentResult.DONE)
    assert list(tally.taken()) == [
        ("Intents", {"answer": "done", "kind": "Stop"}, 2), ("Intents", {"answer": "later", "kind": "Stop"}, 1),
    ]  # fmt: skip


def test_an_action_is_counted_under_its_stored_kind() -> None:
    for action in (
        Stop(about="bert", because="w"), Submit(about="bert", job="bert-2", number=2, cause=FailureCause.CAPACITY),
        Announce(about="bert", topic="stopped", channel="#ml"), Publish(about="bert", detail_type="Ended", detail="{}"),
        Probe(about="bert", job="p", pool="ml.g5.xlarge"),
    ):  # fmt: skip
        tally = Tally()
        tally.performed(Intent(action=action, due_at=BEGIN), IntentResult.DONE)
        [(_, dimensions, _)] = tally.taken()
        assert dimensions["kind"] == STORED_NAMES[type(action)]


def test_the_dollars_and_the_interruptions_by_pool_of_a_closed_day_are_counted() -> None:
    tally, pool = Tally(), GROUP.pool
    counts = {Count(CountKind.INTERRUPTION, team, pool): 2 for team in ("vision", "ads")}
    savings = Savings(spent_micros=1, counterfactual_micros=5, wasted_micros=3)
    tally.closed(Rollup(groups={GROUP: savings, GROUP._replace(team="ads"): savings}, counts=counts))
    assert list(tally.taken()) == [("SavedDollars", {}, 8), ("WastedDollars", {}, 6), ("Interruptions", {"pool": pool}, 4)]
