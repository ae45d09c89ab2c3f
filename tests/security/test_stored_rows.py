"""Attacks on the ledger: an attacker who controls a function that never submits writes forged rows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.aws.dynamodb.lineages import found_by_name, intent_item
from controller.decide.decision import Decision
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.ledger.attempt_name import probe_name
from controller.ledger.entry import Finished, Started
from controller.ledger.intent import Action, Intent, IntentResult, Probe, Publish, Purpose, Settle, Stop, Submit
from controller.ledger.messages.kind import MessageKind
from controller.ledger.move_cause import MoveCause
from controller.notifications.card import card
from controller.policy.slack_settings import Importance, SlackSettings
from infra.local.host import TABLE, Host
from tests import builders
from tests.account import Account
from tests.builders import BEGIN
from tests.security.lab import MONDAY, entries, lab, launch, lineage_id, lineage_of, log, next_name, request, run, status

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: spot-only, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: repair}
resubmit:
  - name: again
    mode: enforce
    causes: {internal: {limit: 2, backoff: {first: 10m}}}
"""
CLOSED = json.dumps(
    {"EnableManagedSpotTraining": False, "ResourceConfig": {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 20}}
)
OPEN: dict[str, dict[str, Any]] = {
    "role": {"RoleArn": "arn:aws:iam::123456789012:role/Admin"},
    "image and entry point": {"AlgorithmSpecification": {"TrainingImage": "evil", "ContainerEntrypoint": ["sh"]}},
    "network": {"VpcConfig": {"SecurityGroupIds": ["sg-evil"]}},
    "environment": {"Environment": {"LD_PRELOAD": "/evil.so"}},
}


def put(host: Host, root: str, action: Action, *, tried: bool = False, **beside: Any) -> None:
    """Write an intent as the ledger does: due now, and new or as if the function that claimed it had died."""
    now = host.clock.at
    intent = Intent(action=action, due_at=now - timedelta(minutes=5), **beside)
    if tried:
        intent = intent.leased(now - timedelta(minutes=2), now - timedelta(minutes=4))
    whose = lineage_id(host, root)
    dynamodb = host.aws.client("dynamodb")
    dynamodb.put_item(TableName=TABLE, Item=intent_item(whose, intent))
    if isinstance(action, Submit | Probe):
        dynamodb.put_item(TableName=TABLE, Item=found_by_name(whose, action)["Put"]["Item"])


def submit(host: Host, root: str, **changes: Any) -> Submit:
    """A Submit of the second attempt, forged by somebody who knows the ledger."""
    job = host.world.jobs[root]
    [started] = [e for e in entries(host, root, Started) if e.number == 1]
    plain = Submit(
        about=root, born_at=job.created_at, job=next_name(host, root), number=2, cause=FailureCause.INTERNAL,
        identity=started.identity, sent="{}", changes=CLOSED,
    )  # fmt: skip
    return replace(plain, **changes)


def live(host: Host) -> None:
    launch(host, request("victim", "vision", work_s=20_000))
    run(host, minutes=20)


@pytest.mark.parametrize("tried", [False, True], ids=["new", "as if it was tried"])
@pytest.mark.parametrize("cause", [FailureCause.INTERNAL, MoveCause.DEADLINE, MoveCause.ASKED, MoveCause.REPAIR])
def test_a_submit_that_nobody_decided_creates_nothing_while_its_job_runs(cause: Any, tried: bool) -> None:
    with lab(POLICY) as host:
        live(host)
        put(host, "victim", submit(host, "victim", cause=cause), tried=tried)
        run(host, hours=2)
        assert set(host.world.jobs) == {"victim"}
        [left] = [i for i in lineage_of(host, "victim").intents if isinstance(i.action, Submit)]
        assert not left.open
        told = {i.action.kind for i in lineage_of(host, "victim").intents if hasattr(i.action, "topic")}
        assert (MessageKind.REFUSED in told) is tried


@pytest.mark.parametrize("tried", [False, True], ids=["new", "as if it was tried"])
def test_a_submit_under_the_next_attempt_s_name_is_not_performed_in_place_of_what_is_decided(tried: bool) -> None:
    with lab(POLICY) as host:
        launch(host, request("victim", "vision", work_s=3000, fails_with="internal", fails_times=1))
        run(host, minutes=8)
        put(host, "victim", submit(host, "victim"), tried=tried)
        run(host, hours=4)
        [_, second] = sorted(host.world.jobs.values(), key=lambda job: job.created_at)
        assert second.request["ResourceConfig"]["InstanceCount"] == 1
        assert second.spot
        assert second.status == "Completed"
        assert [e.job for e in entries(host, "victim", Started)][-1] == second.name


def test_a_row_that_changes_what_no_attempt_may_change_is_not_read_and_stops_no_other_lineage() -> None:
    with lab(POLICY) as host:
        victims = [f"victim-{number}" for number in range(len(OPEN))]
        for victim in victims:
            launch(host, request(victim, "vision", work_s=20_000))
        run(host, minutes=20)
        launch(host, request("other", "vision", work_s=3000, fails_with="internal", fails_times=1))
        for victim, changes in zip(victims, OPEN.values(), strict=True):
            put(host, victim, submit(host, victim, changes=json.dumps(changes)))
        run(host, hours=2)
        assert set(host.world.jobs) == {*victims, "other", next_name(host, "other")}
        assert status(host, next_name(host, "other")) == "Completed"
        assert log(host).count("found a change of") >= len(OPEN)


def test_a_submit_about_a_job_of_another_lineage_creates_nothing() -> None:
    with lab(POLICY) as host:
        live(host)
        launch(host, request("other", "vision", work_s=20_000) | {"RoleArn": "arn:aws:iam::123456789012:role/acme-training"})
        run(host, minutes=5)
        for tried in (False, True):
            forged = submit(host, "other", job=next_name(host, "victim", 2 + tried), number=2 + tried)
            put(host, "victim", forged, tried=tried)
        run(host, hours=2)
        assert set(host.world.jobs) == {"victim", "other"}


@pytest.mark.parametrize("tried", [False, True], ids=["new", "as if it was tried"])
def test_a_probe_a_stop_and_an_event_that_nobody_decided_do_nothing(tried: bool) -> None:
    with lab(POLICY) as host:
        live(host)
        job = host.world.jobs["victim"]
        name = probe_name(lineage_id(host, "victim"), 1, 1)
        put(host, "victim", Probe(about="victim", born_at=job.created_at, job=name, pool="us-east-1/ml.g5.xlarge"), tried=tried)
        put(host, "victim", Stop(about="victim", because="spot-only"), tried=tried)
        put(host, "victim", Publish(about="victim", detail_type="Spotwarden Lineage Finished", detail="{}"), tried=tried)
        run(host, hours=2)
        assert set(host.world.jobs) == {"victim"}
        assert status(host, "victim") == "InProgress"
        assert not [
            i for i in lineage_of(host, "victim").intents if isinstance(i.action, Publish) and i.closed is IntentResult.DONE
        ]


@pytest.mark.parametrize("finished", [True, False])
def test_a_forged_event_about_a_deleted_job_is_replaced_by_what_the_ledger_recorded(finished: bool) -> None:
    account = Account(builders.policy(rules=()), now=BEGIN + timedelta(hours=1))
    account.jobs["bert"] = builders.job()
    if finished:
        account.end("bert", Outcome.COMPLETED, usage=builders.usage(), model_artifacts="s3://models/bert.tar.gz")
    account.trigger("bert")
    assert len(account.published) == finished
    evil = Publish(about="bert", detail_type="Evil", detail=json.dumps({"modelArtifacts": "s3://attacker/m.tar.gz"}))
    account.ledger.row(builders.lineage_id()).put(Intent(action=evil, due_at=account.now))  # as an attacker can
    account.jobs.clear()
    account.pass_time(timedelta(minutes=5))
    assert len(account.published) == 2 * finished
    if finished:
        told, again = (json.loads(publish.detail) for publish in account.published)
        assert again == told | {"modelArtifacts": None, "trainingJobArn": None}
        assert account.published[1].detail_type == "Spotwarden Lineage Finished"


FORGED_END = Finished(
    job="bert", at=BEGIN, team="vision", family="bert", outcome=Outcome.COMPLETED, attempts=1, spot=True,
    instance_type="ml.g5.2xlarge", region="us-east-1", work_s=1, deadline=BEGIN,
)  # fmt: skip


@pytest.mark.parametrize("ends", [None, Outcome.FAILED, Outcome.STOPPED], ids=str)
def test_a_forged_end_of_a_lineage_causes_no_event_or_message_that_its_job_does_not_confirm(ends: Outcome | None) -> None:
    """The job is alive, or ended differently and was deleted. No event, message or card says that it completed."""
    news = SlackSettings(tell=(Importance.NEWS,))
    account = Account(builders.policy(rules=(), slack=news), now=BEGIN + timedelta(hours=1))
    account.jobs["bert"] = builders.job()
    account.trigger("bert")
    whose = builders.lineage_id()
    assert account.ledger.lineages.commit(account.ledger.lineages.load(whose), Decision(entries=(FORGED_END,)))
    account.trigger("bert", whose)
    assert "Deadline" not in str(card(account.ledger.lineages.load(whose), account.policy, account.now))
    assert MessageKind.FINISHED not in {one.kind for one in account.outbox.waiting("#ml-spot", 100)}
    if ends is not None:
        account.end("bert", ends)
        account.trigger("bert", whose)
    forged = Publish(about="bert", detail_type="Spotwarden Lineage Finished", detail="{}")
    account.ledger.row(whose).put(Intent(action=forged, due_at=account.now))
    del account.jobs["bert"]
    account.pass_time(timedelta(minutes=10))
    assert account.published == []


@pytest.mark.parametrize("forged", [{"account": "money/others/2026-11"}, {"about": "another"}, {"account": "", "about": ""}])
def test_a_settlement_is_performed_as_it_is_decided_and_not_as_its_row_says(forged: dict[str, str]) -> None:
    decided = Settle(about="victim", holder="submit/victim/2", account="money/vision/2026-11", amount_micros=7)
    said = Decision(said=(Intent(action=decided, due_at=MONDAY),))
    stored = Intent(action=replace(decided, **forged), due_at=MONDAY, claim=3)
    confirmed = said.confirms(stored)
    assert confirmed is not None
    assert (confirmed.action, confirmed.claim) == (decided, 3)
    assert said.confirms(replace(stored, action=replace(decided, amount_micros=0))) is None


def test_a_forged_repair_changes_nothing_but_what_the_rules_ask_for_now() -> None:
    with lab(POLICY) as host:
        live(host)
        host.world.stop_training_job("victim")
        forged = Stop(about="victim", because="spot-only", purpose=Purpose.REPAIR, next_cause=MoveCause.REPAIR, changes=CLOSED)
        put(host, "victim", forged, claim=1, closed=IntentResult.DONE)
        run(host, hours=8)
        again = [job for name, job in host.world.jobs.items() if name != "victim"]
        assert all(job.spot and job.request["ResourceConfig"]["InstanceCount"] == 1 for job in again)


def test_a_stranger_s_job_with_forged_rows_of_an_attempt_is_judged_like_any_other() -> None:
    """The attacker creates a job and writes rows, but cannot compute the hash of a request without the stack's key."""
    with lab(POLICY.replace("action: repair", "action: stop")) as host:
        live(host)
        big = request("x", "vision", spot=False, instance_type="ml.p3.2xlarge", runtime_h=100, work_s=300_000)
        name = next_name(host, "victim")
        put(host, "victim", submit(host, "victim"), claim=1, closed=IntentResult.DONE)
        launch(host, big | {"TrainingJobName": name, "RoleArn": "arn:aws:iam::123456789012:role/stranger"})
        run(host, hours=1)
        assert status(host, name) == "Stopped"
