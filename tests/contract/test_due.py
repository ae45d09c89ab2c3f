"""Overdue intents are returned oldest first. A delay never makes an intent due earlier."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide.decision import Decision
from controller.ledger.intent import Intent, Stop
from controller.runtime.ports.ledger import FailingTrigger, Ledger
from tests.builders import lineage_id
from tests.contract.one_lineage import (
    ID,
    MINUTE,
    NOW,
    STOP,
    WAKE,
    commit,
    due_keys,
)


def test_open_intents_are_overdue_from_their_due_time_on(ledger: Ledger) -> None:
    commit(ledger, STOP)
    assert due_keys(ledger, NOW - timedelta(microseconds=1)) == []
    [overdue] = ledger.due.overdue(NOW, 10)
    assert (overdue.trigger.job, overdue.trigger.lineage, overdue.key, overdue.trigger_at) == ("bert", ID, STOP.key, NOW)


def test_a_leased_intent_is_due_again_after_its_lease(ledger: Ledger) -> None:
    commit(ledger, STOP)
    assert ledger.lineages.take(ID, STOP, now=NOW, leased_until=NOW + MINUTE)
    assert due_keys(ledger, NOW + MINUTE - timedelta(microseconds=1)) == []
    assert due_keys(ledger, NOW + MINUTE) == [STOP.key]


def test_overdue_intents_of_all_lineages_come_oldest_first_up_to_the_limit(ledger: Ledger) -> None:
    for number in range(40):
        other = lineage_id(f"job-{number}")
        stop = Intent(action=Stop(about=other.root, because=""), due_at=NOW - (number * 7 % 40) * MINUTE)
        assert ledger.lineages.commit(ledger.lineages.load(other), Decision(intents=(stop,)))
    overdue = ledger.due.overdue(NOW, 30)
    assert [one.trigger_at for one in overdue] == [NOW - number * MINUTE for number in range(39, 9, -1)]


def test_a_delayed_intent_is_due_later_and_otherwise_unchanged(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP)
    [overdue] = ledger.due.overdue(NOW, 10)
    ledger.due.delay(overdue, NOW + MINUTE)
    assert due_keys(ledger, NOW) == []
    assert due_keys(ledger, NOW + MINUTE) == [STOP.key]
    assert ledger.lineages.load(ID) == loaded
    assert ledger.lineages.take(ID, STOP, now=NOW, leased_until=NOW + MINUTE)


def test_a_delay_never_makes_an_intent_due_earlier(ledger: Ledger) -> None:
    commit(ledger, STOP)
    [overdue] = ledger.due.overdue(NOW, 10)
    taken = ledger.lineages.take(ID, STOP, now=NOW, leased_until=NOW + 2 * MINUTE)
    assert taken is not None
    ledger.due.delay(overdue, NOW + MINUTE)
    assert due_keys(ledger, NOW + MINUTE) == []


@pytest.mark.parametrize("intent", [STOP, WAKE])
def test_delaying_a_closed_intent_changes_nothing(ledger: Ledger, intent: Intent) -> None:
    loaded = commit(ledger, intent)
    [overdue] = ledger.due.overdue(NOW, 10)
    assert ledger.lineages.commit(loaded, Decision(withdrawn=(intent,)))
    after = ledger.lineages.load(ID)
    ledger.due.delay(overdue, NOW + MINUTE)
    assert due_keys(ledger, NOW + 2 * MINUTE) == []
    assert ledger.lineages.load(ID) == after


def test_a_trigger_that_fails_is_known_since_it_was_first_due(ledger: Ledger) -> None:
    commit(ledger, STOP)
    [overdue] = ledger.due.overdue(NOW, 10)
    ledger.due.note_failing(overdue, NOW + MINUTE, "first")
    ledger.due.note_failing(replace(overdue, trigger_at=NOW + MINUTE), NOW + 2 * MINUTE, "p" * 600)
    [failing] = ledger.due.failing()
    assert failing == FailingTrigger(
        job="bert", lineage=str(ID), key=STOP.key, since=NOW, trigger_at=NOW + 2 * MINUTE, problem="p" * 500
    )  # fmt: skip


def test_a_trigger_is_forgotten_unless_it_failed_again_meanwhile(ledger: Ledger) -> None:
    commit(ledger, STOP)
    [overdue] = ledger.due.overdue(NOW, 10)
    ledger.due.note_failing(overdue, NOW + MINUTE, "")
    [first] = ledger.due.failing()
    ledger.due.note_failing(overdue, NOW + 2 * MINUTE, "")
    ledger.due.forget_failing(first)
    [second] = ledger.due.failing()
    ledger.due.forget_failing(second)
    ledger.due.forget_failing(second)
    assert list(ledger.due.failing()) == []
