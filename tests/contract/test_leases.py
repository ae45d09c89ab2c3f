"""Only one function can claim an intent at a time, and only this function can put it off or close it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from controller.decide.decision import Decision
from controller.ledger.intent import IntentResult
from controller.ledger.lineage import Lineage
from controller.runtime.ports.ledger import Ledger
from tests.contract.one_lineage import (
    ID,
    MINUTE,
    NOW,
    STARTED,
    STOP,
    SUBMIT,
    WAKE,
    commit,
    due_keys,
    stored,
)


def test_only_one_of_two_functions_can_claim_an_intent(ledger: Ledger) -> None:
    mine = theirs = commit(ledger, STOP).intents[0]
    taken = ledger.lineages.take(ID, mine, now=NOW, leased_until=NOW + MINUTE)
    assert taken == replace(STOP, leased_until=NOW + MINUTE, claim=1)
    assert ledger.lineages.take(ID, theirs, now=NOW, leased_until=NOW + MINUTE) is None
    assert stored(ledger, STOP) == taken


def test_a_leased_intent_cannot_be_taken(ledger: Ledger) -> None:
    leased = STOP.leased(NOW + MINUTE)
    commit(ledger, leased)
    assert ledger.lineages.take(ID, leased, now=NOW + timedelta(seconds=59), leased_until=NOW + 2 * MINUTE) is None


def test_an_intent_can_be_taken_after_its_lease_and_what_was_not_answered_is_no_try(ledger: Ledger) -> None:
    leased = STOP.leased(NOW + MINUTE)
    commit(ledger, leased)
    taken = ledger.lineages.take(ID, leased, now=NOW + MINUTE, leased_until=NOW + 2 * MINUTE)
    assert taken == stored(ledger, STOP) == replace(STOP, leased_until=NOW + 2 * MINUTE, claim=2, held=1)
    assert taken is not None
    assert taken.tries == 1


def test_refusals_because_of_a_quota_are_counted_separately(ledger: Ledger) -> None:
    found = commit(ledger, SUBMIT).intents[0]
    for no_quota in (False, True, False, True):
        taken = ledger.lineages.take(ID, found, now=NOW, leased_until=NOW + MINUTE)
        assert taken is not None
        assert ledger.lineages.put_off(ID, taken, due_at=NOW, why="later", held=not no_quota, no_quota=no_quota)
        [found] = ledger.lineages.load(ID).intents
    assert (found.claim, found.tries, found.quota_refusals) == (4, 2, 2)


def test_an_intent_that_was_put_off_since_it_was_loaded_is_not_taken_before_its_new_time(ledger: Ledger) -> None:
    """The claim number does not change when an intent is put off, so it alone would not prevent this."""
    loaded = commit(ledger, STOP.leased(NOW + MINUTE)).intents[0]
    assert ledger.lineages.put_off(ID, loaded, due_at=NOW + 5 * MINUTE, why="throttled")
    assert ledger.lineages.take(ID, loaded, now=NOW + 2 * MINUTE, leased_until=NOW + 3 * MINUTE) is None
    found = stored(ledger, STOP)
    assert found == replace(STOP, due_at=NOW + 5 * MINUTE, claim=1, why="throttled")
    assert ledger.lineages.take(ID, found, now=NOW + 5 * MINUTE, leased_until=NOW + 6 * MINUTE) == found.leased(NOW + 6 * MINUTE)


def test_a_closed_or_withdrawn_intent_is_not_taken(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP, SUBMIT, WAKE)
    assert ledger.lineages.close(ID, STOP, IntentResult.DONE, "")
    assert ledger.lineages.commit(loaded, Decision(withdrawn=(SUBMIT, WAKE)))
    for intent in (STOP, SUBMIT, WAKE):
        assert ledger.lineages.take(ID, intent, now=NOW, leased_until=NOW + MINUTE) is None


def test_an_old_claim_number_can_neither_close_nor_put_off(ledger: Ledger) -> None:
    """A function stalled for longer than its lease, and another one claimed the intent. Only the newer claim counts."""
    dawdler = STOP.leased(NOW + MINUTE)
    commit(ledger, dawdler)
    taken = ledger.lineages.take(ID, dawdler, now=NOW + MINUTE, leased_until=NOW + 2 * MINUTE)
    assert taken is not None
    assert not ledger.lineages.close(ID, dawdler, IntentResult.REFUSED, "too late")
    assert not ledger.lineages.put_off(ID, dawdler, due_at=NOW, why="too late")
    assert stored(ledger, STOP) == taken


def test_after_its_lease_an_intent_may_still_be_closed_while_nobody_has_taken_it(ledger: Ledger) -> None:
    dawdler = STOP.leased(NOW + MINUTE)
    commit(ledger, dawdler)
    assert ledger.lineages.close(ID, dawdler, IntentResult.DONE, "in the end")


def test_an_intent_that_is_put_off_is_open_due_later_and_not_leased(ledger: Ledger) -> None:
    leased = STOP.leased(NOW + MINUTE)
    commit(ledger, leased)
    assert ledger.lineages.put_off(ID, leased, due_at=NOW + 5 * MINUTE, why="throttled")
    assert stored(ledger, STOP) == replace(STOP, due_at=NOW + 5 * MINUTE, claim=1, why="throttled")
    assert due_keys(ledger, NOW + 4 * MINUTE) == []
    assert due_keys(ledger, NOW + 5 * MINUTE) == [STOP.key]


def test_a_closed_intent_has_its_result_and_reason_and_is_no_longer_due(ledger: Ledger) -> None:
    leased = STOP.leased(NOW + MINUTE)
    commit(ledger, leased)
    assert ledger.lineages.close(ID, leased, IntentResult.REFUSED, "no such job")
    assert stored(ledger, STOP) == replace(leased, closed=IntentResult.REFUSED, why="no such job")
    assert due_keys(ledger, NOW + MINUTE) == []


def test_a_closed_intent_is_neither_closed_again_nor_put_off(ledger: Ledger) -> None:
    commit(ledger, STOP)
    assert ledger.lineages.close(ID, STOP, IntentResult.DONE, "first")
    assert not ledger.lineages.close(ID, STOP, IntentResult.REFUSED, "second")
    assert not ledger.lineages.put_off(ID, STOP, due_at=NOW, why="second")
    assert stored(ledger, STOP) == replace(STOP, closed=IntentResult.DONE, why="first")


def test_an_unknown_intent_is_not_taken_put_off_or_closed(ledger: Ledger) -> None:
    assert ledger.lineages.take(ID, STOP, now=NOW, leased_until=NOW + MINUTE) is None
    assert not ledger.lineages.put_off(ID, STOP, due_at=NOW, why="")
    assert not ledger.lineages.close(ID, STOP, IntentResult.DONE, "")
    assert ledger.lineages.load(ID) == Lineage(id=ID)
    assert due_keys(ledger) == []


def test_closing_an_intent_does_not_change_the_version(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP)
    taken = ledger.lineages.take(ID, STOP, now=NOW, leased_until=NOW + MINUTE)
    assert taken is not None
    assert ledger.lineages.close(ID, taken, IntentResult.DONE, "")
    assert ledger.lineages.commit(loaded, Decision(entries=(STARTED,)))
