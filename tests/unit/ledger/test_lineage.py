"""A lineage recognises its attempts, and finds its entries, its open intents and the names of its attempts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.jobs.changes import RequestForm
from controller.jobs.failure import FailureCause
from controller.jobs.job import Job
from controller.ledger.attempt_name import attempt_name, may_be_ours, probe_name
from controller.ledger.entry import Started, Unmeasured, Waived
from controller.ledger.intent import NAME_TAKEN, NOT_DECIDED, Intent, IntentResult, Submit, Wake
from controller.ledger.lineage import LINEAGE_TAG, newest_attempt
from controller.ledger.lineage_id import LineageId
from tests.builders import BEGIN, job, lineage, lineage_id

MINUTE = timedelta(minutes=1)


def started(name: str, number: int) -> Started:
    return Started(
        job=name, at=BEGIN, team=None, number=number, spot=True, instance_type="ml.g5.2xlarge", instance_count=1,
        region="us-east-1", service=None, checkpoint_uri=None,
    )  # fmt: skip


def submit(number: int, claim: int = 1, closed: IntentResult | None = IntentResult.DONE) -> Intent:
    action = Submit(about="bert", job=f"bert-r{number:02d}", number=number, cause=FailureCause.STARVED)
    return Intent(action=action, due_at=BEGIN, claim=claim, closed=closed)


@pytest.mark.parametrize("text", ["", "a/b/c", "a/b/c/yesterday", "a/b/c/d/2026-03-02T09:00:00.000000Z"])
def test_a_tag_that_is_no_lineage_is_none(text: str) -> None:
    assert LineageId.parse(text) is None


def test_a_lineage_is_the_account_region_name_and_creation_time_of_its_root() -> None:
    assert str(LineageId.of(job())) == "111122223333/us-east-1/bert/2026-03-02T09:00:00.000000Z"
    assert LineageId.parse(str(lineage_id())) == lineage_id()


def test_submissions_that_were_never_tried_do_not_count() -> None:
    known = lineage(intents=(submit(3), submit(2), submit(4, claim=0), Intent(action=Wake(about="bert", at=BEGIN), due_at=BEGIN)))
    assert [action.number for action, _ in known.submits()] == [2, 3]


def test_the_newest_attempt_is_the_last_that_was_made_or_seen() -> None:
    assert lineage().newest_number() == 1
    assert lineage(intents=(submit(2), submit(3, closed=None))).newest_number() == 2
    assert lineage(entries=(started("bert-r03", 3),), intents=(submit(2), submit(3, closed=None))).newest_number() == 3


def sent(**changes: Any) -> Intent:
    """A submission of ``bert-r02`` that was claimed from 9:00 on, with a lease to 9:10."""
    made = submit(2)
    action = replace(made.action, identity=job().identity, sent=RequestForm.of(job()).to_json())
    return replace(made, **({"action": action, "claimed_at": BEGIN, "lease_ends_at": BEGIN + 10 * MINUTE} | changes))


def second(**changes: Any) -> Job:
    return job("bert-r02", **({"checkpoint_uri": job().checkpoint_uri} | changes))


def test_a_job_is_an_attempt_if_it_is_the_root_or_the_request_that_was_sent() -> None:
    known = lineage(intents=(sent(),))
    assert known.number_of(job()) == 1
    assert known.number_of(job(created_at=BEGIN + MINUTE)) is None
    assert known.number_of(second()) == 2
    assert known.number_of(job("bert-r09")) is None


OTHERS: dict[str, dict[str, Any]] = {
    "identity": {"identity": "1:other"}, "no identity": {"identity": ""}, "spot": {"spot": False},
    "type": {"instance_type": "ml.p3.2xlarge"}, "count": {"instance_count": 2}, "runtime": {"runtime_s_max": 1},
    "wait": {"wait_s_max": 1}, "volume": {"volume_gb": 1}, "subnets": {"subnets": ("subnet-0evil",)},
    "checkpoint": {"checkpoint_uri": "s3://evil/"}, "preferences": {"preferences": "[]"},
    "created before it was claimed": {"created_at": BEGIN - timedelta(seconds=6)},
    "created after the lease": {"created_at": BEGIN + 11 * MINUTE + timedelta(seconds=1)},
}  # fmt: skip


@pytest.mark.parametrize("what", OTHERS)
def test_a_job_that_differs_from_what_was_sent_is_no_attempt_whatever_its_tags_say(what: str) -> None:
    tags = {LINEAGE_TAG: str(lineage_id()), "spotwarden:attempt": "2"}
    assert lineage(intents=(sent(),)).number_of(second(tags=tags, **OTHERS[what])) is None


def test_clocks_may_differ_by_five_seconds_before_the_claim_and_a_minute_after_the_lease() -> None:
    known = lineage(intents=(sent(),))
    for created_at in (BEGIN - timedelta(seconds=5), BEGIN + 11 * MINUTE):
        assert known.number_of(second(created_at=created_at)) == 2


def test_an_attempt_that_was_seen_stays_an_attempt_if_its_description_changes() -> None:
    known = lineage(entries=(started("bert-r02", 2),), intents=(sent(),))
    assert known.number_of(second(identity="1:other", tags={})) == 2


def test_a_submission_that_was_never_claimed_or_lost_its_name_sent_nothing() -> None:
    for intent in (sent(claim=0), sent(claimed_at=None), sent(closed=IntentResult.REFUSED, why=f"{NAME_TAKEN}by somebody")):
        assert lineage(intents=(intent,)).number_of(second()) is None


def test_a_submission_of_an_older_version_is_known_by_the_tag_that_it_set() -> None:
    known = lineage(intents=(submit(2),))
    assert known.number_of(second(tags={LINEAGE_TAG: str(lineage_id())})) == 2
    assert known.number_of(second()) is None


def test_a_name_that_was_used_up_has_a_next_generation_that_nobody_can_compute() -> None:
    spent = sent(closed=IntentResult.REFUSED, why=f"{NAME_TAKEN}by somebody")
    other = replace(sent(closed=IntentResult.REFUSED, why=f"{NOT_DECIDED}it"), action=replace(spent.action, job="bert-r02g2"))
    refused = sent(closed=IntentResult.REFUSED, why="AccessDenied")
    assert lineage(intents=(refused,)).generation_of(2) == 1
    assert lineage(intents=(spent,)).generation_of(2) == 2
    assert lineage(intents=(spent, other)).generation_of(2) == 3
    assert lineage(intents=(spent, other)).generation_of(3) == 1
    first, second_ = (attempt_name(lineage_id(), 2, generation, "secret") for generation in (1, 2))
    assert first == attempt_name(lineage_id(), 2)
    assert second_ != attempt_name(lineage_id(), 2, 2, "guess")
    assert second_.endswith("-r02g2")
    assert all(may_be_ours(name) for name in (first, second_, probe_name(lineage_id(), 2, 1)))
    assert not any(may_be_ours(name) for name in ("bert", "bert-r02", "bert-0123abcd", "bert-0123abcd-r2", "bert-0123abcd-r02g"))


def test_a_name_that_is_used_again_is_no_attempt() -> None:
    known = lineage(entries=(started("bert-r02", 2),), intents=(submit(2),))
    assert known.number_of(job("bert-r02")) == 2
    assert known.number_of(job("bert-r02", created_at=BEGIN + MINUTE)) is None


def test_open_intents_are_those_about_a_job_or_all() -> None:
    wake, done = Intent(action=Wake(about="gpt", at=BEGIN), due_at=BEGIN), submit(2)
    open_ = submit(3, closed=None)
    known = lineage(intents=(wake, done, open_))
    assert known.open_intents() == (wake, open_)
    assert known.open_intents("bert") == (open_,)


def test_a_withdrawn_intent_may_be_written_again() -> None:
    entry = Unmeasured(job="bert", at=BEGIN, team=None, spot=True)
    gone, kept = submit(2, closed=IntentResult.WITHDRAWN), submit(3)
    assert lineage(entries=(entry,), intents=(gone, kept)).standing() == {entry.key, kept.key}


def test_an_entry_is_found_by_its_kind_and_its_job() -> None:
    entry = Unmeasured(job="bert", at=BEGIN, team=None, spot=True)
    known = lineage(entries=(started("bert", 1), replace(entry, job="gpt"), entry))
    assert known.entry(Unmeasured, "bert") == entry
    assert known.entry(Unmeasured, "vit") is None


def test_the_newest_attempt_has_the_highest_number_of_those_that_were_seen() -> None:
    assert newest_attempt(lineage()) is None
    assert newest_attempt(lineage(entries=(started("c", 3), started("a", 1)))) == started("c", 3)


def test_names_of_attempts_and_probes_fit_and_tell_lineages_apart() -> None:
    long = lineage_id("x" * 63)
    for name in (attempt_name(long, 2), probe_name(long, 2, 1), attempt_name(lineage_id("a" * 52 + "-" + "b" * 10), 2)):
        assert len(name) <= 63
        assert "--" not in name
    assert attempt_name(lineage_id(), 2) != attempt_name(lineage_id(created_at=BEGIN + MINUTE), 2)
    assert attempt_name(lineage_id(), 2).startswith("bert-")
    assert attempt_name(lineage_id(), 2).endswith("-r02")
    assert probe_name(lineage_id(), 2, 1).endswith("-p02001")


def test_a_waiver_is_in_force_before_its_end_and_not_at_it() -> None:
    waived = Waived(job="bert", at=BEGIN, team=None, policy="p", who="U", reason="r", ticket="t", until=BEGIN + MINUTE)
    assert lineage(entries=(started("bert", 1), waived)).waivers_in_force(BEGIN) == (waived,)
    assert lineage(entries=(waived,)).waivers_in_force(BEGIN + MINUTE) == ()


def test_a_second_name_of_an_attempt_depends_on_the_identity_of_the_root_where_that_is_known() -> None:
    spent = replace(submit(2), closed=IntentResult.REFUSED, why=NAME_TAKEN)
    unknown, known = lineage(intents=(spent,)), lineage(intents=(spent,), entries=(replace(started("bert", 1), identity="root"),))
    assert unknown.name_of(2, "asking") == attempt_name(unknown.id, 2, 2, "asking")
    assert known.name_of(2, "asking") == attempt_name(known.id, 2, 2, "root")
    assert known.name_of(2, "asking") != unknown.name_of(2, "asking")
