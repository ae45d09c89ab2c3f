"""The Ledger port: lineages, their transactions and their indexes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from controller.decide.decision import WRITES_MAX, Decision
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.ledger.entry import Entry, Finished, Interrupted, Measured, Started
from controller.ledger.intent import Announce, Intent, IntentResult, Probe, Stop, Submit, Wake
from controller.ledger.lineage import Lineage
from controller.ledger.pool import CapacitySeen, MarketSignal, MarketSignalKind, PhaseTimes, PlacementAsked
from controller.runtime.policy_ports import RevisionInForce
from controller.runtime.ports import FailingTrigger, Ledger
from controller.savings.job_history import FamilyRun
from tests.builders import BEGIN, lineage_id

ID = lineage_id()
MINUTE = timedelta(minutes=1)
NOW = BEGIN + timedelta(hours=1)
STARTED = Started(
    job="bert", at=BEGIN, team=None, number=1, spot=True, instance_type="ml.g5.2xlarge", instance_count=1, region="us-east-1",
    service=None, checkpoint_uri="s3://checkpoints/bert/",
)  # fmt: skip
STOP = Intent(action=Stop(about="bert", because="it may not"), due_at=NOW)
WAKE = Intent(action=Wake(about="bert", at=NOW), due_at=NOW)
SUBMIT = Intent(action=Submit(about="bert", job="bert-r02", number=2, cause=FailureCause.STARVED), due_at=NOW)
ANNOUNCE = Intent(action=Announce(about="bert", topic="stopped", channel="#ml", words=("It ended.", "")), due_at=NOW)


def interrupted(number: int) -> Interrupted:
    return Interrupted(job="bert", at=BEGIN + number * MINUTE, team="vision", instance_type="ml.g5.2xlarge", region="us-east-1")


def commit(ledger: Ledger, *said: Entry | Intent) -> Lineage:
    """Commit entries and intents, and load the result."""
    before = ledger.lineages.load(ID)
    entries = tuple(s for s in said if not isinstance(s, Intent))
    intents = tuple(s for s in said if isinstance(s, Intent))
    assert ledger.lineages.commit(before, Decision(entries=entries, intents=intents))
    return ledger.lineages.load(ID)


def stored(ledger: Ledger, intent: Intent) -> Intent | None:
    return ledger.lineages.load(ID).intent(intent.key)


def due_keys(ledger: Ledger, now: datetime = NOW) -> list[str]:
    return [one.key for one in ledger.due.overdue(now, 100)]


# ── load and commit ─────────────────────────────────────────────────────────────────────────────────────────────────────────


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
    assert ledger.lineages.commit(before, decision)  # and the answer is lost
    assert not ledger.lineages.commit(before, decision)
    assert decision.new_to(ledger.lineages.load(ID), "bert") == Decision()


def test_a_commit_after_a_torn_load_fails(ledger: Ledger) -> None:
    """An old head with newer rows: two reads may return that."""
    old = commit(ledger, STARTED)
    torn = replace(commit(ledger, interrupted(1)), version=old.version)
    assert not ledger.lineages.commit(torn, Decision(entries=(interrupted(2),)))


def test_an_entry_that_exists_makes_the_whole_commit_fail(ledger: Ledger) -> None:
    loaded = commit(ledger, STARTED)
    assert not ledger.lineages.commit(loaded, Decision(entries=(interrupted(1), STARTED), intents=(STOP,)))
    assert ledger.lineages.load(ID) == loaded


def test_an_open_intent_is_not_written_again(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP)
    assert not ledger.lineages.commit(loaded, Decision(intents=(replace(STOP, due_at=NOW + MINUTE),)))


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
    again = Decision(intents=(STOP,)).new_to(ledger.lineages.load(ID), "bert")
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
    assert len(ledger.lineages.load(ID).entries) == WRITES_MAX - 2  # a Wake, and the mark of their day


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


# ── take, put off, close ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_two_that_take_an_intent_one_gets_it(ledger: Ledger) -> None:
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


def test_refusals_for_want_of_quota_are_counted_by_themselves(ledger: Ledger) -> None:
    found = commit(ledger, SUBMIT).intents[0]
    for no_quota in (False, True, False, True):
        taken = ledger.lineages.take(ID, found, now=NOW, leased_until=NOW + MINUTE)
        assert taken is not None
        assert ledger.lineages.put_off(ID, taken, due_at=NOW, why="later", held=not no_quota, no_quota=no_quota)
        [found] = ledger.lineages.load(ID).intents
    assert (found.claim, found.tries, found.quota_refusals) == (4, 2, 2)


def test_an_intent_that_was_put_off_since_it_was_loaded_is_not_taken_before_its_new_time(ledger: Ledger) -> None:
    """The claim number does not change when an intent is put off: the number alone would not prevent it."""
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
    """A function stalled past its lease, and another took the intent: only the newer claim counts."""
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


# ── the sweep's index ───────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── entries of a period, signals, revisions ────────────────────────────────────────────────────────────────────────


def test_entries_of_a_period_are_those_from_since_until_before_until(ledger: Ledger) -> None:
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    tick = timedelta(microseconds=1)
    times = [
        midnight - tick,
        midnight,
        midnight + timedelta(hours=30),
        midnight + timedelta(days=2) - tick,
        midnight + timedelta(days=2),
    ]
    commit(ledger, *(replace(interrupted(0), at=at) for at in times))
    assert sorted(e.at for e in ledger.journal.entries(midnight, midnight + timedelta(days=2))) == times[1:4]
    assert sorted(e.at for e in ledger.journal.entries(midnight - tick, midnight)) == times[:1]
    assert list(ledger.journal.entries(midnight, midnight)) == []


def test_entries_of_a_period_are_of_all_lineages(ledger: Ledger) -> None:
    names = {f"job-{number}" for number in range(40)}
    for name in names:
        assert ledger.lineages.commit(
            ledger.lineages.load(lineage_id(name)), Decision(entries=(replace(interrupted(1), job=name),))
        )
    assert {entry.job for entry in ledger.journal.entries(BEGIN, BEGIN + timedelta(days=1))} == names


def test_entries_of_a_period_are_read_to_the_last_page(ledger: Ledger) -> None:
    for number in range(5):
        commit(ledger, replace(interrupted(number), instance_type="x" * 300_000))
    assert len(list(ledger.journal.entries(BEGIN, BEGIN + timedelta(days=1)))) == 5


def test_a_signal_is_noted_once_and_found_in_its_period(ledger: Ledger) -> None:
    signal = MarketSignal(kind=MarketSignalKind.INTERRUPTION, instance_id="i-0abc", family="g5", region="us-east-1", at=NOW)
    gone = replace(signal, instance_id="i-0def", family=None, at=NOW + MINUTE)
    assert ledger.market_signals.note_signal(signal)
    assert ledger.market_signals.note_signal(gone)
    assert not ledger.market_signals.note_signal(replace(signal, family=None, at=NOW + MINUTE))  # the same warning again
    assert sorted(ledger.market_signals.signals(NOW, NOW + 2 * MINUTE), key=lambda s: s.at) == [signal, gone]
    assert list(ledger.market_signals.signals(NOW, NOW + MINUTE)) == [signal]
    assert list(ledger.journal.entries(NOW, NOW + MINUTE)) == []


def test_the_newest_sign_of_capacity_counts_in_whatever_order_they_are_committed(ledger: Ledger) -> None:
    assert ledger.capacity.capacity_seen_at("us-east-1", "ml.g5.2xlarge") is None
    signals = [
        CapacitySeen(region="us-east-1", instance_type="ml.g5.2xlarge", job=f"bert-{n}", at=NOW + n * MINUTE) for n in (1, 3, 2)
    ]
    for n, signal in enumerate(signals):
        assert ledger.lineages.commit(ledger.lineages.load(lineage_id(f"bert-{n}")), Decision(capacity=(signal,)))
    assert ledger.capacity.capacity_seen_at("us-east-1", "ml.g5.2xlarge") == NOW + 3 * MINUTE
    assert ledger.capacity.capacity_seen_at("us-east-1", "ml.g5.xlarge") is None
    assert ledger.capacity.capacity_seen_at("eu-west-1", "ml.g5.2xlarge") is None
    assert ledger.capacity.placement_asked_at("us-east-1", "ml.g5.2xlarge") is None


def test_that_ec2_was_asked_is_no_sign_of_capacity(ledger: Ledger) -> None:
    asked = PlacementAsked(region="us-east-1", instance_type="ml.g5.2xlarge", job="bert", at=NOW, score=3)
    assert ledger.lineages.commit(
        ledger.lineages.load(lineage_id()), Decision(capacity=(asked, replace(asked, at=NOW + MINUTE, score=None)))
    )
    assert ledger.capacity.placement_asked_at("us-east-1", "ml.g5.2xlarge") == NOW + MINUTE
    assert ledger.capacity.capacity_seen_at("us-east-1", "ml.g5.2xlarge") is None


def test_two_commits_may_record_the_same_sign_of_capacity(ledger: Ledger) -> None:
    signal = CapacitySeen(region="us-east-1", instance_type="ml.g5.2xlarge", job="bert", at=NOW)
    for _ in range(2):
        assert ledger.lineages.commit(ledger.lineages.load(lineage_id()), Decision(capacity=(signal,)))
    assert ledger.capacity.capacity_seen_at("us-east-1", "ml.g5.2xlarge") == NOW


def test_the_runs_of_a_family_are_found_with_their_instance_types(ledger: Ledger) -> None:
    done = Finished(
        job="bert", at=NOW, team=None, family="bert", outcome=Outcome.COMPLETED, attempts=1, spot=True, work_s=3600,
        instance_type="ml.g5.xlarge", region="us-east-1", deadline=None,
    )  # fmt: skip
    own = lineage_id("bert")
    more = (done, replace(done, attempts=2, work_s=7200), replace(done, work_s=None), replace(done, family="gpt"))
    for number, entry in enumerate(more):
        one = replace(entry, at=NOW + number * MINUTE)
        assert ledger.lineages.commit(ledger.lineages.load(lineage_id(f"bert-{number}")), Decision(entries=(one,)))
    assert ledger.histories.history(own.account, own.region, "bert", 50) == (7200, 3600)
    assert ledger.histories.runs(own.account, own.region, "bert", 50) == (FamilyRun(instance_type="ml.g5.xlarge", work_s=3600),)


def test_a_bounded_number_of_phase_times_is_remembered_for_each_type_and_region(ledger: Ledger) -> None:
    one = PhaseTimes(region="us-east-1", instance_type="ml.g5.2xlarge", job="bert", at=NOW, start_s=1700, upload_s=60)
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id()), Decision(times=(one,)))
    assert ledger.capacity.phase_times("us-east-1", "ml.g5.2xlarge") == (one,)
    longer = replace(one, start_s=1800)
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id("other")), Decision(times=(longer,)))  # the same job again
    assert ledger.capacity.phase_times("us-east-1", "ml.g5.2xlarge") == (longer,)
    for n in range(30):
        more = replace(one, job=f"bert-{n}")
        assert ledger.lineages.commit(ledger.lineages.load(lineage_id(f"bert-{n}")), Decision(times=(more,)))
    assert 3 <= len(ledger.capacity.phase_times("us-east-1", "ml.g5.2xlarge")) <= 20
    assert ledger.capacity.phase_times("eu-west-1", "ml.g5.2xlarge") == ()
    assert ledger.capacity.phase_times("us-east-1", "ml.g5.xlarge") == ()
    assert ledger.capacity.capacity_seen_at("us-east-1", "ml.g5.2xlarge") is None


def test_a_revision_is_in_force_since_it_became_the_current_one(ledger: Ledger) -> None:
    assert ledger.revisions.in_force_at("r1", NOW) == NOW
    assert ledger.revisions.in_force_at("r1", NOW + MINUTE) == NOW
    assert ledger.revisions.in_force_at("r2", NOW + MINUTE) == NOW + MINUTE
    assert ledger.revisions.in_force_at("r2", NOW + 2 * MINUTE) == NOW + MINUTE


def test_a_revision_that_comes_back_begins_a_new_interval(ledger: Ledger) -> None:
    for minute, revision in enumerate(("r1", "r2", "r1", "r2")):
        assert ledger.revisions.in_force_at(revision, NOW + minute * MINUTE) == NOW + minute * MINUTE


def test_the_current_revision_is_the_one_that_was_used_last(ledger: Ledger) -> None:
    assert ledger.revisions.current() is None
    ledger.revisions.in_force_at("r1", NOW)
    ledger.revisions.in_force_at("r2", NOW + MINUTE)
    ledger.revisions.in_force_at("r2", NOW + 2 * MINUTE)
    assert ledger.revisions.current() == RevisionInForce(revision="r2", since=NOW + MINUTE)


# ── jobs that are to be created ──────────────────────────────────────────────────────────────────────────────────────────────


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
