"""User requests wait, in memory and in DynamoDB alike, until a look at their job takes them in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from controller.ledger.entry import UserRequested
from controller.policy.user_request import UserRequest
from controller.runtime.ports.ledger import Ledger
from controller.runtime.read_events import Trigger
from tests.builders import BEGIN, lineage_id

BERT = lineage_id()
STOP = UserRequested(job="bert", at=BEGIN, team="vision", request=UserRequest.STOP, who="U1")
MOVE = replace(STOP, request=UserRequest.ON_DEMAND)


def test_a_request_waits_once_and_is_due_at_once(ledger: Ledger) -> None:
    assert ledger.user_requests.add(BERT, STOP, BEGIN)
    assert not ledger.user_requests.add(BERT, replace(STOP, who="U2"), BEGIN + timedelta(minutes=1))
    assert ledger.user_requests.waiting(BERT) == (STOP,)
    assert ledger.user_requests.waiting(lineage_id("vit")) == ()
    [due] = ledger.due.overdue(BEGIN, 10)
    assert (due.trigger, due.trigger_at) == (Trigger(job="bert", lineage=BERT, requested=True), BEGIN)
    assert ledger.due.overdue(BEGIN - timedelta(seconds=1), 10) == []


def test_a_request_is_no_part_of_the_lineage_that_it_is_about(ledger: Ledger) -> None:
    ledger.user_requests.add(BERT, STOP, BEGIN)
    assert ledger.lineages.load(BERT).entries == ()
    assert list(ledger.journal.entries(BEGIN - timedelta(days=1), BEGIN + timedelta(days=1))) == []


def test_what_was_taken_in_is_removed_and_the_rest_waits(ledger: Ledger) -> None:
    ledger.user_requests.add(BERT, STOP, BEGIN)
    ledger.user_requests.add(BERT, MOVE, BEGIN)
    ledger.user_requests.remove(BERT, [STOP])
    assert ledger.user_requests.waiting(BERT) == (MOVE,)
    ledger.user_requests.remove(BERT, [STOP, MOVE])
    assert ledger.due.overdue(BEGIN, 10) == []


def test_a_look_that_failed_is_delayed(ledger: Ledger) -> None:
    ledger.user_requests.add(BERT, STOP, BEGIN)
    [due] = ledger.due.overdue(BEGIN, 10)
    ledger.due.delay(due, BEGIN + timedelta(minutes=5))
    assert ledger.due.overdue(BEGIN + timedelta(minutes=4), 10) == []
    assert len(ledger.due.overdue(BEGIN + timedelta(minutes=5), 10)) == 1
    assert ledger.user_requests.waiting(BERT) == (STOP,)
