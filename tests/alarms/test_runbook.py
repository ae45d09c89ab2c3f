"""Who follows the runbook of an alarm, command by command as it is written, ends the alarm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from controller import decide, wiring
from controller.cli import main
from controller.cli.redrive import event_of
from controller.decide.decision import Decision
from infra.local import aws, functions
from infra.local.host import CLIENT_CONFIG, TABLE
from tests.alarms.cloudwatch import Deployed
from tests.alarms.test_alarms import POLICY, event, make_unreadable, queue_a_message, start
from tests.security import lab as attacks
from tests.simulation.replace_function import replaced

pytestmark = pytest.mark.nightly  # each lets hours pass


@pytest.fixture
def deployed() -> Iterator[Deployed]:
    with attacks.lab(POLICY) as host:
        yield Deployed(host)


def test_status_lists_the_trigger_that_fails_and_the_alarm_ends_once_its_row_can_be_read(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    start(deployed)
    make_unreadable(deployed)
    deployed.minutes(80, step=5)
    assert deployed.fires("WorkIsOverdue")
    assert main(["status", "--table", TABLE]) == 0
    assert "this code reads up to" in capsys.readouterr().out  # the first line of the table of problems
    key = {"pk": {"S": f"lineage#{attacks.lineage_id(deployed.host, 'bert')}"}, "sk": {"S": "entry#zzz"}}
    deployed.host.aws.client("dynamodb").delete_item(TableName=TABLE, Key=key)  # what the newer code would do: read it
    deployed.minutes(15)
    assert not deployed.fires("WorkIsOverdue")


def test_a_new_token_sends_what_waits_within_fifteen_minutes(deployed: Deployed) -> None:
    deployed.minutes(10, step=5)
    token, deployed.host.slack.token = deployed.host.slack.token, "xoxb-renewed"
    queue_a_message(deployed)
    deployed.minutes(120, step=5)
    assert deployed.fires("MessagesWait")
    deployed.host.slack.token = token
    deployed.minutes(16)
    assert [m for m in deployed.host.slack.messages if "bert was stopped" in m.text]
    deployed.minutes(15)
    assert not deployed.fires("MessagesWait")


def test_an_app_that_is_invited_gets_what_waits_within_an_hour(deployed: Deployed) -> None:
    deployed.host.slack.channels = frozenset({"#other"})
    queue_a_message(deployed)
    deployed.minutes(70, step=5)
    assert deployed.fires("ChannelsWait")
    deployed.host.slack.channels = frozenset({"#other", "#ml"})
    deployed.minutes(61)
    assert [m for m in deployed.host.slack.messages if "bert was stopped" in m.text]
    assert not deployed.fires("ChannelsWait")


def test_redrive_sends_a_message_that_was_set_aside(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    deployed.host.slack.refuses = "an_error_of_next_year"
    queue_a_message(deployed)
    deployed.minutes(5)
    assert deployed.fires("MessagesAreSetAside")
    assert main(["status", "--table", TABLE]) == 0
    assert "an_error_of_next_year" in capsys.readouterr().out
    deployed.host.slack.refuses = ""
    assert main(["redrive", "--table", TABLE]) == 0
    deployed.minutes(3)
    assert [m for m in deployed.host.slack.messages if "bert was stopped" in m.text]


def test_compile_puts_a_good_policy_in_force(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = "s3://acme-runbook/policies.json"
    deployed.host.aws.client("s3").create_bucket(Bucket="acme-runbook")
    deployed.host.aws.client("s3").put_object(Bucket="acme-runbook", Key="policies.json", Body=b"{")
    monkeypatch.setenv("POLICY_URI", uri)
    wiring.install(clock=deployed.host.clock, client_config=CLIENT_CONFIG)
    deployed.minutes(6)
    assert deployed.fires("PolicyIsRefused")
    assert main(["compile", "policies", "--to", uri]) == 0
    deployed.minutes(3)
    assert not deployed.fires("PolicyIsRefused")


def test_redrive_empties_the_queue_of_dead_letters_with_the_command_as_it_is_written(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = functions.serve(deployed.host.bus)
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", api.url)
    sqs = wiring.client("sqs")
    queue = sqs.create_queue(QueueName="DeadLetters")["QueueUrl"]
    context = {"functionArn": "arn:aws:lambda:us-east-1:123456789012:function:job_changed:$LATEST"}
    lost = event_of("bert", aws.ACCOUNT, aws.REGION, deployed.host.clock.at)
    letter = {"version": "1.0", "requestContext": context, "requestPayload": lost}
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(letter))
    try:
        assert main(["redrive", "--queue", queue]) == 0
    finally:
        api.close()
    left = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert left["ApproximateNumberOfMessages"] == "0"


def test_a_table_that_is_gone_is_told_and_the_one_that_is_attached_ends_the_alarms(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SweepFails and DrainFails: the newest line with level ERROR has problem and to_do."""
    monkeypatch.setenv("SPOTWARDEN_TABLE", "Deleted")
    wiring.install(clock=deployed.host.clock, client_config=CLIENT_CONFIG)
    deployed.minutes(10)
    assert deployed.fires("SweepFails")
    assert deployed.fires("DrainFails")
    assert "the table Deleted is gone: restore it from its backup, and deploy with its name as ExistingLedger" in attacks.log(
        deployed.host
    )
    monkeypatch.setenv("SPOTWARDEN_TABLE", TABLE)
    wiring.install(clock=deployed.host.clock, client_config=CLIENT_CONFIG)
    deployed.minutes(10)
    assert not deployed.fires("SweepFails")
    assert not deployed.fires("DrainFails")


def test_a_rule_that_is_enabled_again_ends_the_alarm_on_a_missing_sweep(deployed: Deployed) -> None:
    deployed.minutes(5)
    deployed.silent.add("sweep")
    deployed.minutes(6)
    assert deployed.fires("SweepIsMissing")
    assert deployed.fires("WorkIsOverdue")  # silence is no health
    deployed.silent.clear()
    deployed.minutes(6)
    assert not deployed.fires("SweepIsMissing")
    assert not deployed.fires("WorkIsOverdue")


def test_the_log_names_the_part_that_raised_and_the_alarm_ends_with_the_version_that_repairs_it(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(*_: object) -> Decision:
        raise ArithmeticError

    with replaced((decide, "DECIDERS", lambda all_: (*all_, replace(all_[0], name="broken", decide=raises)))):
        start(deployed)
        deployed.minutes(150, step=10)
        assert deployed.fires("DecidersFail")
        log = attacks.log(deployed.host)
        assert "decider failed" in log
        assert "broken" in log
    deployed.minutes(120, step=10)
    assert not deployed.fires("DecidersFail")


def test_the_log_names_the_members_that_are_not_understood_and_the_alarm_ends_with_the_version_that_knows_them(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(deployed)
    world = deployed.host.world
    describe = world.describe_training_job
    monkeypatch.setattr(world, "describe_training_job", lambda name: {**describe(name), "NewConfig": {"Level": 1}})
    deployed.minutes(30, step=10)
    assert deployed.fires("JobsAreNotUnderstood")
    log = attacks.log(deployed.host)
    assert "description has unknown members" in log
    assert "NewConfig" in log
    monkeypatch.setattr(world, "describe_training_job", describe)
    deployed.minutes(70, step=10)
    assert not deployed.fires("JobsAreNotUnderstood")


def test_the_log_names_the_account_whose_events_arrive_and_the_alarm_ends_once_they_stop(deployed: Deployed) -> None:
    foreign = event(deployed, "job_changed", account="999999999999")
    deployed.observe(lambda: deployed.host.bus.put(foreign))
    assert deployed.fires("EventsOfOthers")
    log = attacks.log(deployed.host)
    assert "event refused" in log
    assert "999999999999" in log
    deployed.minutes(70, step=10)
    assert not deployed.fires("EventsOfOthers")


@pytest.mark.parametrize(("function", "alarm"), [("discover", "DiscoverIsMissing"), ("digests", "DigestsAreMissing")])
def test_a_rule_that_is_enabled_again_ends_the_alarm_on_an_hourly_function(deployed: Deployed, function: str, alarm: str) -> None:
    deployed.silent.add(function)
    deployed.minutes(240, step=20)
    assert deployed.fires(alarm)
    deployed.silent.clear()
    deployed.minutes(60, step=20)
    assert not deployed.fires(alarm)
