"""A job that SageMaker no longer knows: its open intents are abandoned, its claims released, and people are told once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from controller.decide.decision import WRITES_MAX
from controller.decide.deleted_job import decide_deleted
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.ledger.entry import Ended, JobDeleted, Started
from controller.ledger.intent import Announce, Intent, IntentResult, Stop, Submit, Wake
from controller.ledger.messages.kind import MessageKind
from tests.builders import BEGIN, lineage, lineage_id

NOW = BEGIN + timedelta(hours=1)
STARTED = Started(
    job="bert", at=BEGIN, team="vision", number=1, spot=True, instance_type="ml.g5.2xlarge", instance_count=2,
    region="us-east-1", service=None, checkpoint_uri="s3://checkpoints/bert/",
)  # fmt: skip
ENDED = Ended(
    job="bert", at=BEGIN, team="vision", outcome=Outcome.STARVED, seen_at=BEGIN, failure=None, spot=True,
    instance_type="ml.g5.2xlarge", region="us-east-1",
)  # fmt: skip
SUBMIT = Intent(action=Submit(about="bert", job="bert-r02", number=2, cause=FailureCause.STARVED), due_at=NOW)
STOP = Intent(action=Stop(about="bert", because="use-spot"), due_at=NOW)
WAKE = Intent(action=Wake(about="bert", at=NOW), due_at=NOW)
NEWS = Intent(action=Announce(about="bert", topic="flagged/x", channel="#ml-spot"), due_at=NOW)


def decided(*intents: Intent, entries: tuple[Any, ...] = (STARTED,)) -> Any:
    return decide_deleted(lineage(entries=entries, intents=intents), "bert", NOW, "#ml-spot")


def told(decision: Any) -> dict[str, Any]:
    [found] = [i.action for i in decision.intents]
    assert (found.about, found.channel) == ("bert", "#ml-spot")
    return {"kind": found.kind} | json.loads(found.facts)


def test_its_open_intents_are_abandoned_and_counted_in_one_message() -> None:
    decision = decided(SUBMIT, STOP, WAKE, NEWS)
    assert decision.abandoned == (SUBMIT, STOP, WAKE)
    assert decision.entries == (JobDeleted(job="bert", at=NOW, team="vision"),)
    message = told(decision)
    assert (message["kind"], message["name"]) == (MessageKind.VANISHED, "bert")
    assert (message["submissions"], message["stops"]) == (1, 1)
    assert decision.intents[0].due_at == NOW


def test_a_job_that_was_only_watched_is_reported_unless_its_end_is_recorded() -> None:
    assert told(decided(WAKE))["kind"] == MessageKind.VANISHED
    quiet = decided(WAKE, entries=(STARTED, ENDED))
    assert (quiet.intents, quiet.abandoned) == ((), (WAKE,))
    assert quiet.entries == (JobDeleted(job="bert", at=NOW, team="vision"),)
    assert decided(WAKE, SUBMIT, entries=(STARTED, ENDED)).intents


def test_a_leased_intent_is_not_abandoned_before_its_lease_ends() -> None:
    assert not decided(replace(STOP, leased_until=NOW + timedelta(seconds=1)))
    assert decided(replace(STOP, leased_until=NOW)).abandoned


def test_messages_that_wait_are_still_sent() -> None:
    assert not decided(NEWS)


def test_the_deletion_is_announced_once() -> None:
    first = decided(SUBMIT)
    known = lineage(entries=(STARTED, *first.entries), intents=(SUBMIT, *first.intents))
    again = decide_deleted(known, "bert", NOW, "#ml-spot")
    assert (again.entries, again.intents, again.abandoned) == ((), (), (SUBMIT,))


def test_a_failed_stop_is_still_reported() -> None:
    refused = replace(STOP, closed=IntentResult.REFUSED, why="AccessDenied")
    assert told(decided(refused))["kind"] == MessageKind.REFUSED


def test_the_claims_of_the_job_and_of_its_next_attempt_are_returned() -> None:
    released = decided(SUBMIT).released
    assert [(c.job, c.bucket, c.prefix, c.lineage) for c in released] == [
        ("bert", "checkpoints", "bert/", str(lineage_id())), ("bert-r02", "checkpoints", "bert/", str(lineage_id())),
    ]  # fmt: skip
    assert {c.created_at for c in released} == {BEGIN}


def test_an_on_demand_job_also_releases_its_use_of_the_quota() -> None:
    spot, on_demand = (decided(WAKE, entries=(replace(STARTED, spot=spot, instance_count=3),)) for spot in (True, False))
    assert on_demand.released == spot.released
    assert spot.freed == ()
    [hold] = on_demand.freed
    assert (hold.region, hold.instance_type, hold.instances) == ("us-east-1", STARTED.instance_type, 3)
    assert (hold.job, hold.lineage, hold.created_at) == ("bert", str(lineage_id()), BEGIN)


def test_a_job_without_checkpoints_or_without_a_recorded_start_returns_nothing() -> None:
    assert decided(WAKE, entries=(replace(STARTED, checkpoint_uri=None),)).released == ()
    unknown = decided(WAKE, entries=())
    assert (unknown.released, unknown.freed) == ((), ())
    assert unknown.entries == (JobDeleted(job="bert", at=NOW, team=None),)


MANY = tuple(replace(SUBMIT, action=Submit(about="bert", job=f"bert-r{n}", number=n, cause="starved")) for n in range(2, 72))


def test_what_does_not_fit_into_one_transaction_is_abandoned_in_parts_and_counted_in_the_first_message() -> None:
    first = decided(*MANY)
    assert first.abandoned == MANY[:30]
    assert first.size <= WRITES_MAX
    assert told(first)["submissions"] == len(MANY)
    known = lineage(entries=(STARTED, *first.entries), intents=(*MANY[30:], *first.intents))
    second = decide_deleted(known, "bert", NOW, "#ml-spot")
    assert (second.entries, second.intents, second.abandoned) == ((), (), MANY[30:60])
