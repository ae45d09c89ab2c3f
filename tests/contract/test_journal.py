"""What is stored across lineages: entries of a period, signals, runs of a family, the revision in force."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from controller.decide.decision import Decision
from controller.jobs.job import Outcome
from controller.ledger.entry import Finished
from controller.ledger.pool import CapacitySeen, MarketSignal, MarketSignalKind, PhaseTimes, PlacementAsked
from controller.ledger.refused_create import CreateRefusal, RefusedCreate
from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.policy import PutInForce, Reading, RevisionInForce
from controller.savings.job_history import FamilyRun
from tests.builders import BEGIN, lineage_id
from tests.contract.one_lineage import (
    MINUTE,
    NOW,
    commit,
    interrupted,
)
from tests.put_in_force import in_force_since


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


def test_a_refused_create_is_noted_once_and_is_no_signal(ledger: Ledger) -> None:
    refused = RefusedCreate(
        event_id="8f2c", at=NOW, account="1", region="us-east-1", job="bert", role="train", caller="ada", why=CreateRefusal.QUOTA,
        instance_type="ml.g5.xlarge", instances=1, spot=True, quota="spot training jobs", limit=0, used=0, asked=1,
    )  # fmt: skip
    assert ledger.market_signals.note_refused(refused)
    assert not ledger.market_signals.note_refused(replace(refused, job="other"))
    assert list(ledger.market_signals.signals(NOW, NOW + MINUTE)) == []
    assert list(ledger.market_signals.refused(NOW, NOW + MINUTE)) == [refused]
    assert list(ledger.market_signals.refused(NOW + MINUTE, NOW + 2 * MINUTE)) == []


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
    assert in_force_since(ledger.revisions, "r1", NOW) == NOW
    assert in_force_since(ledger.revisions, "r1", NOW + MINUTE) == NOW
    assert in_force_since(ledger.revisions, "r2", NOW + MINUTE) == NOW + MINUTE
    assert in_force_since(ledger.revisions, "r2", NOW + 2 * MINUTE) == NOW + MINUTE


def test_a_revision_that_comes_back_begins_a_new_interval(ledger: Ledger) -> None:
    for minute, revision in enumerate(("r1", "r2", "r1", "r2")):
        assert in_force_since(ledger.revisions, revision, NOW + minute * MINUTE) == NOW + minute * MINUTE


def test_the_current_revision_is_the_one_that_was_used_last(ledger: Ledger) -> None:
    assert ledger.revisions.current() is None
    in_force_since(ledger.revisions, "r1", NOW)
    in_force_since(ledger.revisions, "r2", NOW + MINUTE)
    in_force_since(ledger.revisions, "r2", NOW + 2 * MINUTE)
    assert ledger.revisions.current() == RevisionInForce(revision="r2", since=NOW + MINUTE)


def reading(asked_minute: int, answered_minute: int | None = None) -> Reading:
    answered = asked_minute if answered_minute is None else answered_minute
    return Reading(asked_at=NOW + asked_minute * MINUTE, answered_at=NOW + answered * MINUTE)


def test_a_revision_that_was_asked_for_before_the_current_one_was_answered_replaces_nothing(ledger: Ledger) -> None:
    assert ledger.revisions.put_in_force("r1", reading(0)) == PutInForce(since=NOW)
    first = RevisionInForce(revision="r1", since=NOW)
    assert ledger.revisions.put_in_force("r2", reading(2, 3)) == PutInForce(since=NOW + 3 * MINUTE, replaced=first)
    assert ledger.revisions.put_in_force("r1", reading(1)) is None
    assert ledger.revisions.put_in_force("r1", reading(2, 9)) is None
    assert ledger.revisions.current() == RevisionInForce(revision="r2", since=NOW + 3 * MINUTE)
    assert ledger.revisions.put_in_force("r2", reading(1)) == PutInForce(since=NOW + 3 * MINUTE)
    assert ledger.revisions.put_in_force("r3", reading(60)) is not None
    assert ledger.revisions.put_in_force("r4", reading(4)) is not None  # a clock that was one hour ahead does not affect others


def test_what_was_replaced_is_put_back_with_its_time_unless_that_changed_since(ledger: Ledger) -> None:
    ledger.revisions.put_in_force("r1", reading(0))
    put = ledger.revisions.put_in_force("r2", reading(1))
    assert put is not None
    ledger.revisions.take_back("r2", put, reading(2))
    assert ledger.revisions.current() == RevisionInForce(revision="r1", since=NOW)
    ledger.revisions.put_in_force("r3", reading(3))
    ledger.revisions.take_back("r2", put, reading(4))
    assert ledger.revisions.current() == RevisionInForce(revision="r3", since=NOW + 3 * MINUTE)


def test_the_document_of_a_revision_is_kept_with_it_unless_it_is_too_long(ledger: Ledger) -> None:
    document, long = {"version": 1, "revision": "r1", "channel": "#größer"}, {"revision": "r2", "channel": "x" * 400_000}
    assert in_force_since(ledger.revisions, "r1", NOW) == NOW  # older versions of the code stored no document
    assert ledger.revisions.document("r1") is None
    assert in_force_since(ledger.revisions, "r1", NOW + MINUTE, document) == NOW
    assert in_force_since(ledger.revisions, "r2", NOW + MINUTE, long) == NOW + MINUTE
    assert json.loads(ledger.revisions.document("r1") or "") == document
    assert ledger.revisions.document("r2") is None
    assert ledger.revisions.current() == RevisionInForce(revision="r2", since=NOW + MINUTE)
