"""Each alarm fires for its cause, from the metrics that the real handlers emit; on a quiet day none fires."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller import decide, wiring
from controller.decide.decision import Decision
from controller.notifications.block_kit import Page
from controller.runtime.ports.outbox import Message
from infra.alarms import ALARMS, FUNCTIONS
from infra.local import aws
from infra.local.bus import envelope
from infra.local.host import CLIENT_CONFIG, TABLE
from tests.alarms.cloudwatch import Deployed
from tests.security import lab as attacks
from tests.simulation.replace_function import replaced

POLICY = """
version: 1
defaults: {channel: "#ml"}
rules: [{name: spot, rule: spot-required, mode: warn}]
"""


@pytest.fixture
def deployed() -> Iterator[Deployed]:
    with attacks.lab(POLICY) as host:
        yield Deployed(host)


def proves(deployed: Deployed, name: str, act: Callable[[], object]) -> None:
    """The alarm is quiet before and fires after."""
    with_heartbeat = {alarm.name for alarm in ALARMS if alarm.missing == "breaching"}
    assert name in with_heartbeat or not deployed.fires(name)
    act()
    assert deployed.fires(name), name


def start(deployed: Deployed) -> None:
    """A job that trains on spot."""
    attacks.launch(deployed.host, attacks.request("bert", "vision"))
    deployed.observe(lambda: attacks.run(deployed.host, minutes=30))


def queue_a_message(deployed: Deployed) -> None:
    wiring.ports().outbox.put(Message(key="said", channel="#ml", at=deployed.now, words=("bert was stopped",)))


def queue_a_digest(deployed: Deployed) -> None:
    page = page_of_text("Spot training on Sunday").json
    wiring.ports().outbox.put(Message(key="digest/day/1/#ml/000", channel="#ml", at=deployed.now, plain=page))


def page_of_text(text: str) -> Page:
    return Page(text=text, blocks=({"type": "section", "text": {"type": "mrkdwn", "text": text}},))


def make_unreadable(deployed: Deployed) -> None:
    """A row of the lineage that no version of this code reads."""
    row = {
        "pk": {"S": f"lineage#{attacks.lineage_id(deployed.host, 'bert')}"}, "sk": {"S": "entry#zzz"}, "schema": {"N": "99"},
    }  # fmt: skip
    deployed.host.aws.client("dynamodb").put_item(TableName=TABLE, Item=row)


def test_a_quiet_day_raises_no_alarm(deployed: Deployed) -> None:
    start(deployed)
    deployed.minutes(180, step=20)
    deployed.minutes(15)
    assert [alarm.name for alarm in ALARMS if deployed.fires(alarm.name)] == []


def test_a_lineage_that_nobody_can_read_is_overdue_since_it_was_first_due(deployed: Deployed) -> None:
    start(deployed)
    make_unreadable(deployed)
    deployed.minutes(60, step=5)
    proves(deployed, "WorkIsOverdue", lambda: deployed.minutes(5))
    deployed.minutes(60 * 11, step=30)
    deployed.minutes(5)
    last = max((p for p in deployed.points if p.name == "OverdueSeconds"), key=lambda p: p.at)
    assert last.value > 11 * 3600
    failing = list(wiring.ports().ledger.due.failing())
    assert {one.job for one in failing} == {"bert"}
    assert all(one.problem.startswith("UnreadableItem: ") for one in failing)


def test_a_lineage_that_can_be_read_again_is_no_longer_overdue(deployed: Deployed) -> None:
    start(deployed)
    make_unreadable(deployed)
    deployed.minutes(80, step=10)
    key = {"pk": {"S": f"lineage#{attacks.lineage_id(deployed.host, 'bert')}"}, "sk": {"S": "entry#zzz"}}
    deployed.host.aws.client("dynamodb").delete_item(TableName=TABLE, Key=key)
    deployed.minutes(12)
    assert not deployed.fires("WorkIsOverdue")
    assert list(wiring.ports().ledger.due.failing()) == []


def test_triggers_that_fail_for_two_hours_raise_an_alarm(deployed: Deployed) -> None:
    start(deployed)
    make_unreadable(deployed)
    proves(deployed, "RingsFail", lambda: deployed.minutes(200, step=20))


def test_a_decider_that_raises_in_two_hours_raises_an_alarm(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_: object) -> Decision:
        raise ArithmeticError

    with replaced((decide, "DECIDERS", lambda all_: (*all_, replace(all_[0], name="broken", decide=raises)))):
        start(deployed)
        proves(deployed, "DecidersFail", lambda: deployed.minutes(150, step=10))


def test_a_member_that_this_version_does_not_know_raises_an_alarm(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    world = deployed.host.world
    describe = world.describe_training_job
    start(deployed)
    monkeypatch.setattr(world, "describe_training_job", lambda name: {**describe(name), "NewConfig": {"Level": 1}})
    proves(deployed, "JobsAreNotUnderstood", lambda: deployed.minutes(30, step=10))


def test_a_sweep_that_reports_nothing_is_overdue_work(deployed: Deployed) -> None:
    deployed.minutes(5)
    deployed.silent.add("sweep")
    for alarm in ("WorkIsOverdue", "SweepIsMissing"):
        assert not deployed.fires(alarm)
    deployed.minutes(5)
    for alarm in ("WorkIsOverdue", "SweepIsMissing"):
        assert deployed.fires(alarm)


@pytest.mark.parametrize(("function", "alarm"), [("discover", "DiscoverIsMissing"), ("digests", "DigestsAreMissing")])
def test_an_hourly_function_that_does_not_run_raises_an_alarm(deployed: Deployed, function: str, alarm: str) -> None:
    deployed.minutes(180, step=30)
    assert not deployed.fires(alarm)
    deployed.silent.add(function)
    deployed.minutes(240, step=20)
    assert deployed.fires(alarm)


def test_a_policy_document_that_cannot_be_read_raises_an_alarm(deployed: Deployed) -> None:
    deployed.minutes(5)
    os.environ["POLICY_URI"] = "s3://nobodys-policies/policies.json"
    wiring.install(clock=deployed.host.clock, client_config=CLIENT_CONFIG)
    proves(deployed, "PolicyIsRefused", lambda: deployed.minutes(6))


def test_a_revoked_slack_token_raises_alarms(deployed: Deployed) -> None:
    deployed.minutes(10, step=5)
    deployed.host.slack.token = "xoxb-renewed"
    queue_a_message(deployed)
    proves(deployed, "MessagesWait", lambda: deployed.minutes(50, step=5))
    proves(deployed, "ChannelsWait", lambda: deployed.minutes(20, step=5))
    queue_a_digest(deployed)
    proves(deployed, "DigestsAreNotSent", lambda: deployed.minutes(60 * 3, step=5))
    proves(deployed, "MessagesAreShelved", lambda: deployed.minutes(60 * 20, step=30))
    assert not deployed.host.bus.dead_letters  # every run is "done": nothing else tells


def test_a_message_that_slack_refuses_in_every_form_raises_an_alarm(deployed: Deployed) -> None:
    deployed.minutes(10, step=5)
    deployed.host.slack.refuses = "an_error_of_next_year"
    queue_a_message(deployed)
    proves(deployed, "MessagesAreSetAside", lambda: deployed.minutes(10, step=5))
    assert [message.key for message in wiring.ports().outbox.aside()] == ["said"]


def test_a_channel_that_does_not_exist_keeps_its_alarm_between_the_hourly_tries(deployed: Deployed) -> None:
    deployed.host.slack.channels = frozenset({"#other"})
    queue_a_message(deployed)
    proves(deployed, "ChannelsWait", lambda: deployed.minutes(70, step=5))


def delete_the_table(deployed: Deployed) -> None:
    deployed.host.aws.client("dynamodb").delete_table(TableName=TABLE)


def event(deployed: Deployed, function: str, **changed: Any) -> dict[str, Any]:
    source, detail_type, detail = {
        "job_changed": ("aws.sagemaker", "SageMaker Training Job State Change", {"TrainingJobName": "bert"}),
        "market_signalled": ("aws.ec2", "EC2 Spot Instance Interruption Warning", {"instance-id": "i-1"}),
    }[function]
    return envelope(
        source, detail_type, detail, at=deployed.now, account=aws.ACCOUNT, region=aws.REGION, event_id="e1"
    ) | changed  # fmt: skip


@pytest.mark.parametrize("function", ["sweep", "drain", "discover", "digests", "prices", "job_changed", "market_signalled"])
def test_a_function_that_fails_again_and_again_raises_an_alarm(deployed: Deployed, function: str) -> None:
    start(deployed)
    delete_the_table(deployed)
    name = "".join(word.title() for word in function.split("_"))
    minutes = FUNCTIONS[name].period_s // 60

    def failing() -> None:
        for _ in range(FUNCTIONS[name].periods):
            deployed.host.clock.at += timedelta(minutes=minutes)
            with suppress(KeyError):
                deployed.observe(lambda: deployed.host.put(event(deployed, function)))
            if deployed.host.bus.rules[function].schedule:
                deployed.fire(function)

    proves(deployed, f"{name}Fails", failing)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_aws_throttles_or_whose_dead_letter_is_lost_raises_an_alarm(deployed: Deployed, function: str) -> None:
    cadence = FUNCTIONS[function]
    period = timedelta(seconds=max(cadence.period_s, 300))
    says = deployed.aws_says
    proves(deployed, f"{function}IsThrottled", lambda: says("Throttles", function, 1, 3, period))
    if cadence.keeps_dead_letters:
        proves(deployed, f"{function}LosesDeadLetters", lambda: says("DestinationDeliveryFailures", function, 1, 1, period))


def test_an_api_that_lambda_cannot_run_raises_an_alarm(deployed: Deployed) -> None:
    proves(deployed, "APIHandlerFails", lambda: deployed.aws_says("Errors", "APIHandler", 1, 3, timedelta(minutes=5)))


def test_clicks_that_are_answered_with_an_error_raise_an_alarm(deployed: Deployed) -> None:
    delete_the_table(deployed)
    users = deployed.host.slack.users
    assert users is not None

    def clicks() -> None:
        for _ in range(3):
            deployed.host.clock.at += timedelta(minutes=5)
            deployed.observe(lambda: users.command("status"))

    proves(deployed, "SlackRequestsFail", clicks)


def test_events_of_another_account_raise_an_alarm(deployed: Deployed) -> None:
    foreign = event(deployed, "job_changed", account="999999999999")
    proves(deployed, "EventsOfOthers", lambda: deployed.observe(lambda: deployed.host.bus.put(foreign)))


def test_events_that_always_fail_raise_an_alarm(deployed: Deployed) -> None:
    bad = event(deployed, "job_changed", detail={})
    deployed.host.bus.put(bad)
    proves(deployed, "DeadLettersNotEmpty", lambda: deployed.minutes(5))
