"""A decision that is too large for one transaction is committed in parts, with the ledger in memory and with DynamoDB."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide.decision import Decision
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.ledger.attempt_name import attempt_name
from controller.ledger.entry import Ended, Interrupted, JobDeleted, Started
from controller.ledger.intent import Announce, Intent, IntentResult, RefreshCard, Submit, Wake
from controller.policy.mode import Mode
from controller.policy.policy import Policy
from controller.policy.slack_settings import Importance, SlackSettings
from controller.runtime.ports.answers import Refused
from controller.runtime.ports.ledger import Ledger
from controller.runtime.reconcile import ROUNDS_MAX
from infra.local import aws
from tests import builders
from tests.account import Account
from tests.builders import BEGIN, lineage_id
from tests.simulation.memory import MemoryLedger

ID = lineage_id()
BOTH = pytest.mark.parametrize("make_storage", ["memory", aws.ATOMIC], indirect=True)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
POLICY = builders.policy(rules=())
TELLS_NEWS = replace(POLICY, slack=SlackSettings(tell=tuple(Importance)))


def interrupted_often(ledger: Ledger, times: int, *, over: timedelta = HOUR, policy: Policy = POLICY) -> Account:
    """A spot job that had many interruptions, ended without capacity, and was not looked at before."""
    account = Account(policy, ledger, now=BEGIN + over)
    account.jobs["bert"] = builders.job(interrupted_at=tuple(BEGIN + n * over / times for n in range(times)))
    account.end("bert", Outcome.CAPACITY)
    return account


def rounds_to_rest(account: Account) -> int:
    """Sweep each minute until nothing is overdue. Returns the number of rounds. No trigger may fail."""
    for rounds in range(1, 40):
        account.now += MINUTE
        swept = account.sweep()
        assert swept.failed == ()
        if not account.ledger.due.overdue(account.now, 1):
            return rounds
    raise AssertionError("no rest")


@BOTH
@pytest.mark.parametrize("over", [HOUR, timedelta(days=69)], ids=["within an hour", "each on a day of its own"])
def test_seventy_interruptions_are_told_and_the_job_is_submitted_again(ledger: Ledger, over: timedelta) -> None:
    account = interrupted_often(ledger, 70, over=over, policy=TELLS_NEWS)
    account.trigger("bert")
    assert rounds_to_rest(account) <= 2
    lineage = ledger.lineages.load(ID)
    told = [i for i in lineage.intents if isinstance(i.action, Announce) and i.action.topic.startswith("interrupted/")]
    assert [i.closed for i in told] == [IntentResult.DONE] * 70
    account.now += HOUR
    account.sweep()
    assert [submit.about for submit in account.asked] == ["bert"]


def test_a_thousand_interruptions_are_recorded_by_two_triggers_without_an_error_between() -> None:
    account = interrupted_often(MemoryLedger(), 1000, over=timedelta(days=27))
    account.trigger("bert")
    assert rounds_to_rest(account) == 1
    lineage = account.ledger.lineages.load(ID)
    kinds = Counter(type(entry) for entry in lineage.entries if entry.job == "bert")
    assert (kinds[Interrupted], kinds[Started], kinds[Ended]) == (1000, 1, 1)
    assert any(isinstance(i.action, Submit) for i in lineage.open_intents())


def test_the_parts_of_one_decision_take_ten_seconds_of_a_function_at_most() -> None:
    account = interrupted_often(MemoryLedger(), 1000, over=timedelta(days=27))
    account.tick = timedelta(seconds=2)
    account.trigger("bert")
    assert account.now < BEGIN + timedelta(days=27, seconds=30)
    account.tick = timedelta(0)
    rounds_to_rest(account)
    assert account.ledger.lineages.load(ID).entry(Ended, "bert") is not None


@BOTH
def test_a_function_that_ends_between_two_parts_leaves_an_overdue_wake(ledger: Ledger) -> None:
    account = interrupted_often(ledger, 100)
    part = Decision(entries=tuple(Interrupted(
        job="bert", at=BEGIN + n * MINUTE, team="vision", instance_type="ml.g5.2xlarge", region="us-east-1") for n in range(80)
    ))  # fmt: skip
    assert ledger.lineages.commit(ledger.lineages.load(ID), part.cut("bert", account.now))
    [overdue] = ledger.due.overdue(account.now, 10)
    assert overdue.trigger.job == "bert"
    rounds_to_rest(account)
    assert ledger.lineages.load(ID).entry(Ended, "bert") is not None


@BOTH
def test_a_hundred_open_intents_about_a_deleted_job_are_abandoned_and_told_of_once(ledger: Ledger) -> None:
    account = Account(POLICY, ledger, now=BEGIN + HOUR)
    started = Started(
        job="bert", at=BEGIN, team="vision", number=1, spot=False, instance_type="ml.g5.2xlarge", instance_count=1,
        region="us-east-1", service=None, checkpoint_uri="s3://checkpoints/bert/",
    )  # fmt: skip
    submits = [
        Intent(action=Submit(about="bert", job=attempt_name(ID, n), number=n, cause=FailureCause.STARVED), due_at=BEGIN)
        for n in range(2, 102)
    ]
    failed = [
        replace(Intent(action=Submit(about="bert", job=attempt_name(ID, n), number=n, cause=FailureCause.STARVED), due_at=BEGIN),
                closed=IntentResult.REFUSED, why="AWS refused it")
        for n in range(200, 280)
    ]  # fmt: skip
    assert ledger.lineages.commit(ledger.lineages.load(ID), Decision(entries=(started,)))
    for intents in (submits[:40], submits[40:80], submits[80:], failed[:40], failed[40:]):
        assert ledger.lineages.commit(ledger.lineages.load(ID), Decision(intents=tuple(intents)))
    assert rounds_to_rest(account) <= 3
    lineage = ledger.lineages.load(ID)
    assert lineage.open_intents() == ()
    assert {i.closed for i in lineage.intents if i.key in {s.key for s in submits}} == {IntentResult.ABANDONED}
    assert lineage.entry(JobDeleted, "bert") is not None
    topics = Counter(i.action.topic.split("/")[0] for i in lineage.intents if isinstance(i.action, Announce))
    assert topics == {"vanished": 1, "refused": 80}
    [deleted] = [i.action for i in lineage.intents if isinstance(i.action, Announce) and i.action.topic == "vanished"]
    assert '"submissions": 100' in deleted.facts


def test_a_lineage_whose_every_round_brings_news_goes_on_with_the_next_sweep() -> None:
    account = Account(POLICY, now=BEGIN + HOUR)
    account.on_submit = lambda submit: Refused(f"name taken: {submit.job} was created by somebody else")
    account.jobs["bert"] = builders.job()
    account.end("bert", Outcome.CAPACITY)
    account.trigger("bert")
    account.now += HOUR
    swept = account.sweep()
    assert swept.failed == ()
    assert len(account.asked) == ROUNDS_MAX
    assert rounds_to_rest(account) == 1
    assert len({submit.job for submit in account.asked}) == 20
    assert any(isinstance(i.action, Announce) and i.action.topic == "gave-up" for i in account.ledger.lineages.load(ID).intents)


@BOTH
def test_an_answer_of_any_length_can_be_stored(ledger: Ledger) -> None:
    account = Account(POLICY, ledger, now=BEGIN + HOUR)
    account.on_submit = lambda _: Refused("1 validation error detected: Value '{" + "x" * 500_000 + "}'")
    account.jobs["bert"] = builders.job()
    account.end("bert", Outcome.CAPACITY)
    account.trigger("bert")
    account.now += HOUR
    assert account.sweep().failed == ()
    assert any(
        isinstance(i.action, Announce) and i.action.topic.startswith("refused/") for i in account.ledger.lineages.load(ID).intents
    )
    assert not [i for i in account.ledger.lineages.load(ID).open_intents() if not isinstance(i.action, Wake)]


def submit_of(n: int) -> Intent:
    action = Submit(about="bert", job=attempt_name(ID, n + 2), number=n + 2, cause=FailureCause.STARVED)
    return Intent(action=action, due_at=BEGIN)


def wake_of(n: int) -> Intent:
    at = BEGIN + n * timedelta(seconds=1)
    return Intent(action=Wake(about="bert", at=at), due_at=at)


def card_of(n: int) -> Intent:
    return Intent(action=RefreshCard(about="bert", channels=("#ml",), version=str(n)), due_at=BEGIN)


MANY_RULES = replace(TELLS_NEWS, rules=tuple(builders.rule(f"rule-{n}", mode=Mode.WARN) for n in range(150)))


@pytest.mark.parametrize(
    ("policy", "changes", "outcome", "left", "rounds"),
    [
        (MANY_RULES, {"spot": False}, None, (), 1),
        (MANY_RULES, {"spot": False, "repeated_at": tuple(BEGIN + n * MINUTE for n in range(150))}, Outcome.INTERNAL, (), 2),
        (POLICY, {}, None, tuple(wake_of(n) for n in range(600)), 2),
        (POLICY, {}, None, tuple(submit_of(n) for n in range(150)), 1),
        (POLICY, {}, Outcome.CAPACITY, tuple(submit_of(n) for n in range(150)), 1),
        (POLICY, {}, Outcome.CAPACITY, tuple(replace(submit_of(n), claim=1, leased_until=BEGIN) for n in range(150)), 2),
        (POLICY, {}, Outcome.CAPACITY, tuple(
            replace(submit_of(n), claim=1, closed=IntentResult.REFUSED, why="no") for n in range(150)), 2),
        (POLICY, {}, Outcome.COMPLETED, tuple(card_of(n) for n in range(150)), 2),
    ],
    ids=["findings", "repetitions", "wakes", "submits", "submits after the end", "leased", "refused", "cards"],
)  # fmt: skip
def test_a_state_of_unusual_size_is_handled_in_a_few_rounds_without_an_error(
    policy: Policy, changes: dict[str, Any], outcome: Outcome | None, left: tuple[Intent, ...], rounds: int
) -> None:
    account = Account(policy, MemoryLedger(), now=BEGIN + HOUR)
    account.jobs["bert"] = builders.job(**changes)
    if outcome is not None:
        account.end("bert", outcome)
    for n in range(0, len(left), 40):
        assert account.ledger.lineages.commit(account.ledger.lineages.load(ID), Decision(intents=left[n : n + 40]))
    account.trigger("bert")
    assert rounds_to_rest(account) <= rounds
    before = account.ledger.lineages.load(ID)
    account.trigger("bert")
    assert account.ledger.lineages.load(ID) == before, "a trigger at rest writes nothing"
