"""The Ledger port, sentence by sentence: lineages, their transactions and the clock's indexes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from controller.decide.decision import WRITES_MAX, Decision
from controller.jobs.failure import FailureCause
from controller.ledger.entry import Entry, Interrupted, Measured, Started
from controller.ledger.intent import Announce, Intent, IntentResult, Stop, Submit, Wake
from controller.ledger.lineage import Lineage
from controller.ledger.pool import CapacitySeen, MarketSignal, MarketSignalKind, PlacementAsked
from controller.runtime.ports import Ledger
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
    """Commit entries and intents, and load what came of it."""
    before = ledger.load(ID)
    entries = tuple(s for s in said if not isinstance(s, Intent))
    intents = tuple(s for s in said if isinstance(s, Intent))
    assert ledger.commit(before, Decision(entries=entries, intents=intents))
    return ledger.load(ID)


def stored(ledger: Ledger, intent: Intent) -> Intent | None:
    return ledger.load(ID).intent(intent.key)


def due_keys(ledger: Ledger, now: datetime = NOW) -> list[str]:
    return [one.key for one in ledger.overdue(now, 100)]


# ── load and commit ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lineage_nobody_wrote_is_empty_and_of_version_0(ledger: Ledger) -> None:
    assert ledger.load(ID) == Lineage(id=ID)


def test_what_is_committed_is_loaded(ledger: Ledger) -> None:
    measured = Measured(
        job="bert", at=BEGIN, team="vision", training_s=2423, billable_s=837, spot=True, instance_type="ml.p3.2xlarge",
        instance_count=1, region="us-east-1", rate_micros_per_h=3_825_000, rate_as_of=date(2022, 4, 14), rate_source="AWS",
    )  # fmt: skip
    loaded = commit(ledger, STARTED, measured, interrupted(1), STOP, WAKE, SUBMIT.leased(NOW + MINUTE), ANNOUNCE)
    assert set(loaded.entries) == {STARTED, measured, interrupted(1)}
    assert set(loaded.intents) == {STOP, WAKE, SUBMIT.leased(NOW + MINUTE), ANNOUNCE}


def test_each_commit_moves_the_version(ledger: Ledger) -> None:
    assert [commit(ledger, interrupted(n)).version for n in range(3)] == [1, 2, 3]


def test_of_two_that_loaded_the_same_lineage_one_commits(ledger: Ledger) -> None:
    commit(ledger, STARTED)
    mine, theirs = ledger.load(ID), ledger.load(ID)
    assert ledger.commit(mine, Decision(entries=(interrupted(1),)))
    assert not ledger.commit(theirs, Decision(entries=(interrupted(2),)))
    assert set(ledger.load(ID).entries) == {STARTED, interrupted(1)}


def test_of_two_that_found_no_lineage_one_begins_it(ledger: Ledger) -> None:
    mine, theirs = ledger.load(ID), ledger.load(ID)
    assert ledger.commit(mine, Decision(entries=(STARTED,)))
    assert not ledger.commit(theirs, Decision(entries=(interrupted(1),)))


def test_a_commit_whose_answer_was_lost_fails_the_second_time_and_is_then_found_known(ledger: Ledger) -> None:
    before, decision = ledger.load(ID), Decision(entries=(STARTED,), intents=(STOP,))
    assert ledger.commit(before, decision)  # and nobody heard
    assert not ledger.commit(before, decision)
    assert decision.new_to(ledger.load(ID), "bert") == Decision()


def test_a_torn_load_loses_its_commit(ledger: Ledger) -> None:
    """Old head, newer rows: that is what a load in two reads may show."""
    old = commit(ledger, STARTED)
    torn = replace(commit(ledger, interrupted(1)), version=old.version)
    assert not ledger.commit(torn, Decision(entries=(interrupted(2),)))


def test_an_entry_is_written_once_and_takes_all_else_down_with_it(ledger: Ledger) -> None:
    loaded = commit(ledger, STARTED)
    assert not ledger.commit(loaded, Decision(entries=(interrupted(1), STARTED), intents=(STOP,)))
    assert ledger.load(ID) == loaded


def test_an_intent_that_stands_is_not_said_again(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP)
    assert not ledger.commit(loaded, Decision(intents=(replace(STOP, due_at=NOW + MINUTE),)))


@pytest.mark.parametrize("closed", [IntentResult.DONE, IntentResult.REFUSED, IntentResult.ABANDONED])
def test_an_intent_that_is_over_is_not_said_again(ledger: Ledger, closed: IntentResult) -> None:
    commit(ledger, STOP)
    assert ledger.close(ID, STOP, closed, "over")
    assert not ledger.commit(ledger.load(ID), Decision(intents=(STOP,)))


def test_a_withdrawn_intent_may_be_said_again_and_keeps_counting(ledger: Ledger) -> None:
    taken = ledger.take(ID, commit(ledger, STOP).intents[0], now=NOW, leased_until=NOW + MINUTE)
    assert taken is not None
    assert ledger.put_off(ID, taken, due_at=NOW + MINUTE, why="throttled")
    loaded = ledger.load(ID)
    assert ledger.commit(loaded, Decision(withdrawn=loaded.intents))
    again = Decision(intents=(STOP,)).new_to(ledger.load(ID), "bert")
    assert ledger.commit(ledger.load(ID), again)
    found = stored(ledger, STOP)
    assert found is not None
    assert (found.open, found.claim, found.why) == (True, 1, "")
    assert not ledger.close(ID, replace(found, claim=0), IntentResult.DONE, "a claim of its first life")


def test_what_is_withdrawn_is_closed_and_rings_no_more(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP)
    assert ledger.commit(loaded, Decision(withdrawn=(STOP,)))
    assert stored(ledger, STOP) == replace(STOP, closed=IntentResult.WITHDRAWN)
    assert due_keys(ledger) == []


def test_a_withdrawn_wake_is_deleted(ledger: Ledger) -> None:
    loaded = commit(ledger, WAKE)
    assert ledger.commit(loaded, Decision(withdrawn=(WAKE,)))
    assert ledger.load(ID).intents == ()
    assert due_keys(ledger) == []


@pytest.mark.parametrize("intent", [STOP, WAKE])
def test_what_was_leased_since_it_was_loaded_is_not_withdrawn(ledger: Ledger, intent: Intent) -> None:
    loaded = commit(ledger, intent)
    taken = ledger.take(ID, intent, now=NOW, leased_until=NOW + MINUTE)
    assert not ledger.commit(loaded, Decision(withdrawn=(intent,), entries=(STARTED,)))
    assert stored(ledger, intent) == taken
    assert ledger.load(ID).entries == ()


def test_what_was_leased_and_put_off_since_is_not_withdrawn_unseen(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP)
    taken = ledger.take(ID, STOP, now=NOW, leased_until=NOW + MINUTE)
    assert taken is not None
    assert ledger.put_off(ID, taken, due_at=NOW, why="throttled")
    assert not ledger.commit(loaded, Decision(withdrawn=(STOP,)))


def test_what_is_leased_is_never_withdrawn_whoever_looks(ledger: Ledger) -> None:
    leased = STOP.leased(NOW + MINUTE)
    loaded = commit(ledger, leased)
    assert not ledger.commit(loaded, Decision(withdrawn=(leased,)))


@pytest.mark.parametrize("intent", [STOP, WAKE])
def test_what_was_closed_since_it_was_loaded_is_not_withdrawn(ledger: Ledger, intent: Intent) -> None:
    loaded = commit(ledger, intent)
    assert ledger.close(ID, intent, IntentResult.DONE, "")
    assert not ledger.commit(loaded, Decision(withdrawn=(intent,)))


@pytest.mark.parametrize("decision", [Decision(withdrawn=(STOP,)), Decision(withdrawn=(WAKE,)), Decision(abandoned=(STOP,))])
def test_what_does_not_exist_is_not_taken_back(ledger: Ledger, decision: Decision) -> None:
    loaded = commit(ledger, STARTED)
    assert not ledger.commit(loaded, decision)
    assert ledger.load(ID) == loaded


def test_an_intent_is_abandoned_though_its_lease_stands(ledger: Ledger) -> None:
    leased = STOP.leased(NOW + MINUTE)
    loaded = commit(ledger, leased)
    assert ledger.commit(loaded, Decision(abandoned=(leased,)))
    assert stored(ledger, STOP) == replace(leased, closed=IntentResult.ABANDONED)
    assert due_keys(ledger, NOW + MINUTE) == []


def test_an_intent_that_was_claimed_or_closed_since_is_not_abandoned(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP, SUBMIT)
    assert ledger.take(ID, STOP, now=NOW, leased_until=NOW + MINUTE)
    assert ledger.close(ID, SUBMIT, IntentResult.DONE, "")
    assert not ledger.commit(loaded, Decision(abandoned=(STOP,)))
    assert not ledger.commit(loaded, Decision(abandoned=(SUBMIT,)))


def test_a_decision_as_large_as_decisions_get_is_one_commit(ledger: Ledger) -> None:
    whole = Decision(entries=tuple(interrupted(n) for n in range(300))).cut()
    assert whole.writes == WRITES_MAX
    assert ledger.commit(ledger.load(ID), whole)
    assert len(ledger.load(ID).entries) == WRITES_MAX


def test_a_lineage_of_many_pages_is_loaded_whole(ledger: Ledger) -> None:
    words = ("x" * 100_000,) * 3
    for number in range(5):
        commit(ledger, Intent(action=Announce(about="bert", topic=f"t{number}", channel="#ml", words=words), due_at=NOW))
    assert len(ledger.load(ID).intents) == 5


def test_lineages_of_one_name_are_lives_of_their_own(ledger: Ledger) -> None:
    commit(ledger, STARTED, STOP)
    for other in (
        lineage_id(created_at=BEGIN + timedelta(microseconds=1)), lineage_id(region="eu-west-1"),
        lineage_id(account="999988887777"), lineage_id("bert-r02"),
    ):  # fmt: skip
        assert ledger.load(other) == Lineage(id=other)


# ── take, put off, close ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_two_that_take_an_intent_one_has_it(ledger: Ledger) -> None:
    mine = theirs = commit(ledger, STOP).intents[0]
    taken = ledger.take(ID, mine, now=NOW, leased_until=NOW + MINUTE)
    assert taken == replace(STOP, leased_until=NOW + MINUTE, claim=1)
    assert ledger.take(ID, theirs, now=NOW, leased_until=NOW + MINUTE) is None
    assert stored(ledger, STOP) == taken


def test_an_intent_whose_lease_stands_is_not_taken_even_by_who_saw_the_lease(ledger: Ledger) -> None:
    leased = STOP.leased(NOW + MINUTE)
    commit(ledger, leased)
    assert ledger.take(ID, leased, now=NOW + timedelta(seconds=59), leased_until=NOW + 2 * MINUTE) is None


def test_an_intent_whose_lease_is_over_is_taken_and_counted(ledger: Ledger) -> None:
    leased = STOP.leased(NOW + MINUTE)
    commit(ledger, leased)
    taken = ledger.take(ID, leased, now=NOW + MINUTE, leased_until=NOW + 2 * MINUTE)
    assert taken == replace(STOP, leased_until=NOW + 2 * MINUTE, claim=2)


def test_an_intent_that_was_put_off_since_it_was_loaded_is_not_taken_before_its_new_time(ledger: Ledger) -> None:
    """The claim number stays the same when an intent is put off: it alone would let the old look perform it at once."""
    loaded = commit(ledger, STOP.leased(NOW + MINUTE)).intents[0]
    assert ledger.put_off(ID, loaded, due_at=NOW + 5 * MINUTE, why="throttled")
    assert ledger.take(ID, loaded, now=NOW + 2 * MINUTE, leased_until=NOW + 3 * MINUTE) is None
    found = stored(ledger, STOP)
    assert found == replace(STOP, due_at=NOW + 5 * MINUTE, claim=1, why="throttled")
    assert ledger.take(ID, found, now=NOW + 5 * MINUTE, leased_until=NOW + 6 * MINUTE) == found.leased(NOW + 6 * MINUTE)


def test_a_closed_or_withdrawn_intent_is_not_taken(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP, SUBMIT, WAKE)
    assert ledger.close(ID, STOP, IntentResult.DONE, "")
    assert ledger.commit(loaded, Decision(withdrawn=(SUBMIT, WAKE)))
    for intent in (STOP, SUBMIT, WAKE):
        assert ledger.take(ID, intent, now=NOW, leased_until=NOW + MINUTE) is None


def test_an_old_claim_can_neither_close_nor_put_off(ledger: Ledger) -> None:
    """Somebody dawdled past the lease, and another took the intent: only the newer answer counts."""
    dawdler = STOP.leased(NOW + MINUTE)
    commit(ledger, dawdler)
    taken = ledger.take(ID, dawdler, now=NOW + MINUTE, leased_until=NOW + 2 * MINUTE)
    assert taken is not None
    assert not ledger.close(ID, dawdler, IntentResult.REFUSED, "too late")
    assert not ledger.put_off(ID, dawdler, due_at=NOW, why="too late")
    assert stored(ledger, STOP) == taken


def test_who_dawdles_past_the_lease_may_still_answer_while_nobody_took_it(ledger: Ledger) -> None:
    dawdler = STOP.leased(NOW + MINUTE)
    commit(ledger, dawdler)
    assert ledger.close(ID, dawdler, IntentResult.DONE, "in the end")


def test_what_is_put_off_is_open_due_later_and_in_nobodys_hands(ledger: Ledger) -> None:
    leased = STOP.leased(NOW + MINUTE)
    commit(ledger, leased)
    assert ledger.put_off(ID, leased, due_at=NOW + 5 * MINUTE, why="throttled")
    assert stored(ledger, STOP) == replace(STOP, due_at=NOW + 5 * MINUTE, claim=1, why="throttled")
    assert due_keys(ledger, NOW + 4 * MINUTE) == []
    assert due_keys(ledger, NOW + 5 * MINUTE) == [STOP.key]


def test_what_is_closed_says_how_and_why_and_rings_no_more(ledger: Ledger) -> None:
    leased = STOP.leased(NOW + MINUTE)
    commit(ledger, leased)
    assert ledger.close(ID, leased, IntentResult.REFUSED, "no such job")
    assert stored(ledger, STOP) == replace(leased, closed=IntentResult.REFUSED, why="no such job")
    assert due_keys(ledger, NOW + MINUTE) == []


def test_what_is_closed_is_not_closed_again_nor_put_off(ledger: Ledger) -> None:
    commit(ledger, STOP)
    assert ledger.close(ID, STOP, IntentResult.DONE, "first")
    assert not ledger.close(ID, STOP, IntentResult.REFUSED, "second")
    assert not ledger.put_off(ID, STOP, due_at=NOW, why="second")
    assert stored(ledger, STOP) == replace(STOP, closed=IntentResult.DONE, why="first")


def test_nothing_is_taken_put_off_or_closed_where_nothing_is(ledger: Ledger) -> None:
    assert ledger.take(ID, STOP, now=NOW, leased_until=NOW + MINUTE) is None
    assert not ledger.put_off(ID, STOP, due_at=NOW, why="")
    assert not ledger.close(ID, STOP, IntentResult.DONE, "")
    assert ledger.load(ID) == Lineage(id=ID)
    assert due_keys(ledger) == []


def test_answers_move_no_version_so_they_outpace_nobody(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP)
    taken = ledger.take(ID, STOP, now=NOW, leased_until=NOW + MINUTE)
    assert taken is not None
    assert ledger.close(ID, taken, IntentResult.DONE, "")
    assert ledger.commit(loaded, Decision(entries=(STARTED,)))


# ── the sweep's index ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_open_intents_are_overdue_from_their_time_on(ledger: Ledger) -> None:
    commit(ledger, STOP)
    assert due_keys(ledger, NOW - timedelta(microseconds=1)) == []
    [overdue] = ledger.overdue(NOW, 10)
    assert (overdue.ring.job, overdue.ring.lineage, overdue.key, overdue.trigger_at) == ("bert", ID, STOP.key, NOW)


def test_a_leased_intent_rings_when_its_lease_is_over(ledger: Ledger) -> None:
    commit(ledger, STOP)
    assert ledger.take(ID, STOP, now=NOW, leased_until=NOW + MINUTE)
    assert due_keys(ledger, NOW + MINUTE - timedelta(microseconds=1)) == []
    assert due_keys(ledger, NOW + MINUTE) == [STOP.key]


def test_overdue_intents_of_all_lineages_come_oldest_first_up_to_the_limit(ledger: Ledger) -> None:
    for number in range(40):
        other = lineage_id(f"job-{number}")
        stop = Intent(action=Stop(about=other.root, because=""), due_at=NOW - (number * 7 % 40) * MINUTE)
        assert ledger.commit(ledger.load(other), Decision(intents=(stop,)))
    overdue = ledger.overdue(NOW, 30)
    assert [one.trigger_at for one in overdue] == [NOW - number * MINUTE for number in range(39, 9, -1)]


def test_a_delayed_intent_rings_later_and_changes_in_nothing_else(ledger: Ledger) -> None:
    loaded = commit(ledger, STOP)
    [overdue] = ledger.overdue(NOW, 10)
    ledger.delay(overdue, NOW + MINUTE)
    assert due_keys(ledger, NOW) == []
    assert due_keys(ledger, NOW + MINUTE) == [STOP.key]
    assert ledger.load(ID) == loaded
    assert ledger.take(ID, STOP, now=NOW, leased_until=NOW + MINUTE)


def test_a_delay_never_brings_a_ring_forward(ledger: Ledger) -> None:
    commit(ledger, STOP)
    [overdue] = ledger.overdue(NOW, 10)
    taken = ledger.take(ID, STOP, now=NOW, leased_until=NOW + 2 * MINUTE)
    assert taken is not None
    ledger.delay(overdue, NOW + MINUTE)
    assert due_keys(ledger, NOW + MINUTE) == []


@pytest.mark.parametrize("intent", [STOP, WAKE])
def test_delaying_what_is_over_brings_nothing_back(ledger: Ledger, intent: Intent) -> None:
    loaded = commit(ledger, intent)
    [overdue] = ledger.overdue(NOW, 10)
    assert ledger.commit(loaded, Decision(withdrawn=(intent,)))
    after = ledger.load(ID)
    ledger.delay(overdue, NOW + MINUTE)
    assert due_keys(ledger, NOW + 2 * MINUTE) == []
    assert ledger.load(ID) == after


# ── entries of a period, signals, cursors, revisions ────────────────────────────────────────────────────────────────────────


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
    assert sorted(e.at for e in ledger.entries(midnight, midnight + timedelta(days=2))) == times[1:4]
    assert sorted(e.at for e in ledger.entries(midnight - tick, midnight)) == times[:1]
    assert list(ledger.entries(midnight, midnight)) == []


def test_entries_of_a_period_are_of_all_lineages(ledger: Ledger) -> None:
    names = {f"job-{number}" for number in range(40)}
    for name in names:
        assert ledger.commit(ledger.load(lineage_id(name)), Decision(entries=(replace(interrupted(1), job=name),)))
    assert {entry.job for entry in ledger.entries(BEGIN, BEGIN + timedelta(days=1))} == names


def test_entries_of_a_period_are_read_to_the_last_page(ledger: Ledger) -> None:
    for number in range(5):
        commit(ledger, replace(interrupted(number), instance_type="x" * 300_000))
    assert len(list(ledger.entries(BEGIN, BEGIN + timedelta(days=1)))) == 5


def test_a_signal_is_noted_once_and_found_in_its_period(ledger: Ledger) -> None:
    signal = MarketSignal(kind=MarketSignalKind.INTERRUPTION, instance_id="i-0abc", family="g5", region="us-east-1", at=NOW)
    gone = replace(signal, instance_id="i-0def", family=None, at=NOW + MINUTE)
    assert ledger.note_signal(signal)
    assert ledger.note_signal(gone)
    assert not ledger.note_signal(replace(signal, family=None, at=NOW + MINUTE))  # the same warning, heard again
    assert sorted(ledger.signals(NOW, NOW + 2 * MINUTE), key=lambda s: s.at) == [signal, gone]
    assert list(ledger.signals(NOW, NOW + MINUTE)) == [signal]
    assert list(ledger.entries(NOW, NOW + MINUTE)) == []


def test_the_newest_sign_of_capacity_counts_in_whatever_order_they_are_committed(ledger: Ledger) -> None:
    assert ledger.capacity_seen_at("us-east-1", "ml.g5.2xlarge") is None
    signals = [
        CapacitySeen(region="us-east-1", instance_type="ml.g5.2xlarge", job=f"bert-{n}", at=NOW + n * MINUTE) for n in (1, 3, 2)
    ]
    for n, signal in enumerate(signals):
        assert ledger.commit(ledger.load(lineage_id(f"bert-{n}")), Decision(capacity=(signal,)))
    assert ledger.capacity_seen_at("us-east-1", "ml.g5.2xlarge") == NOW + 3 * MINUTE
    assert ledger.capacity_seen_at("us-east-1", "ml.g5.xlarge") is None
    assert ledger.capacity_seen_at("eu-west-1", "ml.g5.2xlarge") is None
    assert ledger.placement_asked_at("us-east-1", "ml.g5.2xlarge") is None


def test_that_ec2_was_asked_is_no_sign_of_capacity(ledger: Ledger) -> None:
    asked = PlacementAsked(region="us-east-1", instance_type="ml.g5.2xlarge", job="bert", at=NOW, score=3)
    assert ledger.commit(ledger.load(lineage_id()), Decision(capacity=(asked, replace(asked, at=NOW + MINUTE, score=None))))
    assert ledger.placement_asked_at("us-east-1", "ml.g5.2xlarge") == NOW + MINUTE
    assert ledger.capacity_seen_at("us-east-1", "ml.g5.2xlarge") is None


def test_two_commits_may_record_the_same_sign_of_capacity(ledger: Ledger) -> None:
    signal = CapacitySeen(region="us-east-1", instance_type="ml.g5.2xlarge", job="bert", at=NOW)
    for _ in range(2):
        assert ledger.commit(ledger.load(lineage_id()), Decision(capacity=(signal,)))
    assert ledger.capacity_seen_at("us-east-1", "ml.g5.2xlarge") == NOW


def test_a_cursor_goes_forward_only(ledger: Ledger) -> None:
    assert ledger.cursor("discover") is None
    ledger.move_cursor("discover", NOW)
    ledger.move_cursor("discover", NOW - MINUTE)
    ledger.move_cursor("other", NOW - MINUTE)
    assert ledger.cursor("discover") == NOW
    ledger.move_cursor("discover", NOW + MINUTE)
    assert ledger.cursor("discover") == NOW + MINUTE


def test_a_revision_is_in_force_since_it_was_first_seen(ledger: Ledger) -> None:
    assert ledger.in_force_at("r1", NOW) == NOW
    assert ledger.in_force_at("r1", NOW + MINUTE) == NOW
    assert ledger.in_force_at("r2", NOW + MINUTE) == NOW + MINUTE
