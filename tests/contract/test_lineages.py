"""A lineage is loaded as it was committed, and commits are atomic."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from controller.decide.decision import WRITES_MAX, Decision
from controller.decide.deduplicate import new_to
from controller.ledger.entry import Measured
from controller.ledger.intent import Announce, Intent, IntentResult, Probe
from controller.ledger.lineage import Lineage
from controller.runtime.ports.ledger import Ledger
from tests.builders import BEGIN, lineage_id
from tests.contract.one_lineage import (
    ANNOUNCE,
    ID,
    MINUTE,
    NOW,
    STARTED,
    STOP,
    SUBMIT,
    WAKE,
    commit,
    due_keys,
    interrupted,
    stored,
)


def test_an_unknown_lineage_is_empty_and_has_version_0(ledger: Ledger) -> None:
    assert ledger.lineages.load(ID) == Lineage(id=ID)


def test_a_commit_is_loaded_as_it_was_written(ledger: Ledger) -> None:
    measured = Measured(
        job="bert", at=BEGIN, team="vision", training_s=2423, billable_s=837, spot=True, instance_type="ml.p3.2xlarge",
        instance_count=1, region="us-east-1", rate_micros_per_h=3_825_000, rate_as_of=date(2022, 4, 14), rate_source="AWS",
    )  # fmt: skip
    loaded = commit(ledger, STARTED, measured, interrupted(1), STOP, WAKE, SUBMIT.leased(NOW + MINUTE), ANNOUNCE)
    assert set(loaded.entries) == {STARTED, measured, interrupted(1)}
    assert set(loaded.intents) == {STOP, WAKE, SUBMIT.leased(NOW + MINUTE), ANNOUNCE}


def test_each_commit_increases_the_version(ledger: Ledger) -> None:
    assert [commit(ledger, interrupted(n)).version for n in range(3)] == [1, 2, 3]


def test_of_two_commits_on_the_same_version_one_succeeds(ledger: Ledger) -> None:
    commit(ledger, STARTED)
    mine, theirs = ledger.lineages.load(ID), ledger.lineages.load(ID)
    assert ledger.lineages.commit(mine, Decision(entries=(interrupted(1),)))
    assert not ledger.lineages.commit(theirs, Decision(entries=(interrupted(2),)))
    assert set(ledger.lineages.load(ID).entries) == {STARTED, interrupted(1)}


def test_of_two_first_commits_of_a_lineage_one_succeeds(ledger: Ledger) -> None:
    mine, theirs = ledger.lineages.load(ID), ledger.lineages.load(ID)
    assert ledger.lineages.commit(mine, Decision(entries=(STARTED,)))
    assert not ledger.lineages.commit(theirs, Decision(entries=(interrupted(1),)))


def test_a_commit_whose_answer_was_lost_fails_when_repeated_and_is_found_in_the_ledger(ledger: Ledger) -> None:
    before, decision = ledger.lineages.load(ID), Decision(entries=(STARTED,), intents=(STOP,))
    assert ledger.lineages.commit(before, decision)  # the response is lost
    assert not ledger.lineages.commit(before, decision)
    assert new_to(decision, ledger.lineages.load(ID), "bert") == Decision()


def test_a_commit_after_a_torn_load_fails(ledger: Ledger) -> None:
    """A load has two reads, so it can return an old head with newer rows."""
    old = commit(ledger, STARTED)
    torn = replace(commit(ledger, interrupted(1)), version=old.version)
    assert not ledger.lineages.commit(torn, Decision(entries=(interrupted(2),)))


def test_an_entry_that_exists_makes_the_whole_commit_fail(ledger: Ledger) -> None:
    loaded = commit(ledger, STARTED)
    assert not ledger.lineages.commit(loaded, Decision(entries=(interrupted(1), STARTED), intents=(STOP,)))
    assert ledger.lineages.load(ID) == loaded


def test_an_open_intent_is_not_written_again(ledger: Ledger) -> None:
    loaded = commit(ledger, ANNOUNCE)
    assert not ledger.lineages.commit(loaded, Decision(intents=(replace(ANNOUNCE, due_at=NOW + MINUTE),)))


@pytest.mark.parametrize("closed", [IntentResult.DONE, IntentResult.REFUSED, IntentResult.ABANDONED])
def test_a_closed_intent_is_not_written_again(ledger: Ledger, closed: IntentResult) -> None:
    commit(ledger, STOP)
    assert ledger.lineages.close(ID, STOP, closed, "over")
    assert not ledger.lineages.commit(ledger.lineages.load(ID), Decision(intents=(STOP,)))


def test_a_withdrawn_intent_may_be_written_again_and_keeps_its_count(ledger: Ledger) -> None:
    taken = ledger.lineages.take(ID, commit(ledger, STOP).intents[0], now=NOW, leased_until=NOW + MINUTE)
    assert taken is not None
    assert ledger.lineages.put_off(ID, taken, due_at=NOW + MINUTE, why="throttled")
    loaded = ledger.lineages.load(ID)
    assert ledger.lineages.commit(loaded, Decision(withdrawn=loaded.intents))
    again = new_to(Decision(intents=(STOP,)), ledger.lineages.load(ID), "bert")
    assert ledger.lineages.commit(ledger.lineages.load(ID), again)
    found = stored(ledger, STOP)
    assert found is not None
    assert (found.open, found.claim, found.why) == (True, 1, "")
    assert not ledger.lineages.close(ID, replace(found, claim=0), IntentResult.DONE, "a claim number from before its withdrawal")


def test_a_withdrawn_intent_is_closed_and_no_longer_due(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP)
    assert ledger.lineages.commit(loaded, Decision(withdrawn=(STOP,)))
    assert stored(ledger, STOP) == replace(STOP, closed=IntentResult.WITHDRAWN)
    assert due_keys(ledger) == []


def test_a_withdrawn_wake_is_deleted(ledger: Ledger) -> None:
    loaded = commit(ledger, WAKE)
    assert ledger.lineages.commit(loaded, Decision(withdrawn=(WAKE,)))
    assert ledger.lineages.load(ID).intents == ()
    assert due_keys(ledger) == []


@pytest.mark.parametrize("intent", [STOP, WAKE])
def test_an_intent_leased_since_the_load_is_not_withdrawn(ledger: Ledger, intent: Intent) -> None:
    loaded = commit(ledger, intent)
    taken = ledger.lineages.take(ID, intent, now=NOW, leased_until=NOW + MINUTE)
    assert not ledger.lineages.commit(loaded, Decision(withdrawn=(intent,), entries=(STARTED,)))
    assert stored(ledger, intent) == taken
    assert ledger.lineages.load(ID).entries == ()


def test_an_intent_leased_and_put_off_since_the_load_is_not_withdrawn(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP)
    taken = ledger.lineages.take(ID, STOP, now=NOW, leased_until=NOW + MINUTE)
    assert taken is not None
    assert ledger.lineages.put_off(ID, taken, due_at=NOW, why="throttled")
    assert not ledger.lineages.commit(loaded, Decision(withdrawn=(STOP,)))


def test_a_leased_intent_is_never_withdrawn(ledger: Ledger) -> None:
    leased = STOP.leased(NOW + MINUTE)
    loaded = commit(ledger, leased)
    assert not ledger.lineages.commit(loaded, Decision(withdrawn=(leased,)))


@pytest.mark.parametrize("intent", [STOP, WAKE])
def test_an_intent_closed_since_the_load_is_not_withdrawn(ledger: Ledger, intent: Intent) -> None:
    loaded = commit(ledger, intent)
    assert ledger.lineages.close(ID, intent, IntentResult.DONE, "")
    assert not ledger.lineages.commit(loaded, Decision(withdrawn=(intent,)))


@pytest.mark.parametrize("decision", [Decision(withdrawn=(STOP,)), Decision(withdrawn=(WAKE,)), Decision(abandoned=(STOP,))])
def test_an_unknown_intent_is_not_withdrawn_or_abandoned(ledger: Ledger, decision: Decision) -> None:
    loaded = commit(ledger, STARTED)
    assert not ledger.lineages.commit(loaded, decision)
    assert ledger.lineages.load(ID) == loaded


def test_a_leased_intent_may_be_abandoned(ledger: Ledger) -> None:
    leased = STOP.leased(NOW + MINUTE)
    loaded = commit(ledger, leased)
    assert ledger.lineages.commit(loaded, Decision(abandoned=(leased,)))
    assert stored(ledger, STOP) == replace(leased, closed=IntentResult.ABANDONED)
    assert due_keys(ledger, NOW + MINUTE) == []


def test_an_intent_that_was_claimed_or_closed_since_is_not_abandoned(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP, SUBMIT)
    assert ledger.lineages.take(ID, STOP, now=NOW, leased_until=NOW + MINUTE)
    assert ledger.lineages.close(ID, SUBMIT, IntentResult.DONE, "")
    assert not ledger.lineages.commit(loaded, Decision(abandoned=(STOP,)))
    assert not ledger.lineages.commit(loaded, Decision(abandoned=(SUBMIT,)))


def test_the_largest_decision_is_one_commit(ledger: Ledger) -> None:
    whole = Decision(entries=tuple(interrupted(n) for n in range(300))).cut("bert", NOW)
    assert whole.size == WRITES_MAX
    assert ledger.lineages.commit(ledger.lineages.load(ID), whole)
    assert len(ledger.lineages.load(ID).entries) == WRITES_MAX - 2  # two writes are for a Wake and the mark of the day


def test_a_transaction_of_more_than_a_hundred_writes_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="101 writes"):
        ledger.lineages.commit(ledger.lineages.load(ID), Decision(entries=tuple(interrupted(n) for n in range(100))))


def test_a_lineage_of_many_pages_is_loaded_in_full(ledger: Ledger) -> None:
    words = ("x" * 100_000,) * 3
    for number in range(5):
        commit(ledger, Intent(action=Announce(about="bert", topic=f"t{number}", channel="#ml", words=words), due_at=NOW))
    assert len(ledger.lineages.load(ID).intents) == 5


def test_lineages_with_the_same_name_are_separate(ledger: Ledger) -> None:
    commit(ledger, STARTED, STOP)
    for other in (
        lineage_id(created_at=BEGIN + timedelta(microseconds=1)), lineage_id(region="eu-west-1"),
        lineage_id(account="999988887777"), lineage_id("bert-r02"),
    ):  # fmt: skip
        assert ledger.lineages.load(other) == Lineage(id=other)


# ── jobs that are to be created ────────────────────────────────────────────────────────────────────────────────────────


def test_a_job_that_is_to_be_created_is_found_by_its_name_as_an_attempt_and_as_a_probe(ledger: Ledger) -> None:
    probe = Intent(action=Probe(about="bert", job="bert-p02001", pool="us-east-1/ml.g5.2xlarge"), due_at=NOW)
    assert ledger.lineages.submitter(ID.account, ID.region, "bert-r02") is None
    commit(ledger, STARTED, SUBMIT, probe, STOP)
    for name in ("bert-r02", "bert-p02001"):
        assert ledger.lineages.submitter(ID.account, ID.region, name) == ID
        assert ledger.lineages.submitter(ID.account, "eu-west-1", name) is None
        assert ledger.lineages.submitter("999999999999", ID.region, name) is None
    assert ledger.lineages.submitter(ID.account, ID.region, "bert") is None


def test_a_name_that_one_lineage_means_to_create_is_no_other_s(ledger: Ledger) -> None:
    commit(ledger, SUBMIT)
    other = ledger.lineages.load(lineage_id("gpt"))
    assert not ledger.lineages.commit(other, Decision(entries=(replace(STARTED, job="gpt"),), intents=(SUBMIT,)))
    assert ledger.lineages.submitter(ID.account, ID.region, "bert-r02") == ID


def test_the_first_claim_and_the_end_of_the_last_lease_are_kept(ledger: Ledger) -> None:
    commit(ledger, SUBMIT)
    first = ledger.lineages.take(ID, SUBMIT, now=NOW, leased_until=NOW + MINUTE)
    assert first is not None
    assert ledger.lineages.put_off(ID, first, due_at=NOW + 5 * MINUTE, why="later")
    [waiting] = ledger.lineages.load(ID).intents
    second = ledger.lineages.take(ID, waiting, now=NOW + 6 * MINUTE, leased_until=NOW + 7 * MINUTE)
    assert second is not None
    assert ledger.lineages.close(ID, second, IntentResult.DONE, "created")
    [closed] = ledger.lineages.load(ID).intents
    for intent in (second, closed):
        assert (intent.claimed_at, intent.lease_ends_at) == (NOW, NOW + 7 * MINUTE)


def test_a_submission_that_nobody_tried_is_written_anew_and_one_that_was_tried_is_not(ledger: Ledger) -> None:
    changed = replace(SUBMIT, action=replace(SUBMIT.action, changes='{"EnableManagedSpotTraining": true}'))
    before = commit(ledger, SUBMIT)
    assert ledger.lineages.commit(before, Decision(intents=(changed,)))
    assert stored(ledger, SUBMIT) == changed
    taken = ledger.lineages.take(ID, changed, now=NOW, leased_until=NOW + MINUTE)
    assert taken is not None
    assert not ledger.lineages.commit(ledger.lineages.load(ID), Decision(intents=(SUBMIT,)))
    ledger.lineages.put_off(ID, taken, due_at=NOW, why="later")
    assert not ledger.lineages.commit(ledger.lineages.load(ID), Decision(intents=(SUBMIT,)))


def test_a_stop_that_was_held_up_is_written_anew_and_keeps_its_count_and_one_in_hand_is_not(ledger: Ledger) -> None:
    november = replace(STOP, action=replace(STOP.action, month="2026-11"))
    december = Decision(intents=(replace(STOP, action=replace(STOP.action, month="2026-12")),))
    taken = ledger.lineages.take(ID, commit(ledger, november).intents[0], now=NOW, leased_until=NOW + MINUTE)
    assert taken is not None
    held = ledger.lineages.load(ID)
    assert not new_to(december, held, "bert").intents
    assert not ledger.lineages.commit(held, december)
    assert ledger.lineages.put_off(ID, taken, due_at=NOW + MINUTE, why="a halt", held=True)
    waiting = ledger.lineages.load(ID)
    again = new_to(december, waiting, "bert").leased(NOW, NOW + MINUTE)
    assert ledger.lineages.commit(waiting, again)
    [found] = ledger.lineages.load(ID).intents
    assert (found.action, found.claim, found.held) == (december.intents[0].action, 2, 1)
    assert not ledger.lineages.commit(ledger.lineages.load(ID), again), "somebody has it in hand"
    assert not new_to(december, ledger.lineages.load(ID), "bert").intents
