"""The doctor reports alarms that reach nobody, and rules, event buses, queues and functions that do not work."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from controller.cli.doctor.triggers import REDEPLOY, look_at_alarms, look_at_bus, look_at_dead_letters, look_at_rules
from infra.local import aws

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"


@pytest.fixture(scope="module")
def local() -> Iterator[aws.Local]:
    with aws.start() as started:
        yield started


def make_alarm(local: aws.Local, name: str, *, enabled: bool = True) -> None:
    local.client("cloudwatch").put_metric_alarm(
        AlarmName=name, MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1, Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold", ActionsEnabled=enabled,
    )  # fmt: skip


def test_alarms_that_reach_nobody_are_named(local: aws.Local) -> None:
    make_alarm(local, "A")
    assert look_at_alarms(local.client, ["A"], "") == (
        True,
        "none of 1 is in alarm; AlarmTopic is empty, so only CloudWatch shows them",
    )
    assert look_at_alarms(local.client, ["A"], TOPIC)[1].startswith(
        f"the AlarmTopic {TOPIC} does not exist, so nobody is notified"
    )
    sns = local.client("sns")
    sns.create_topic(Name="alarms")
    assert look_at_alarms(local.client, ["A"], TOPIC) == (
        False,
        f"nobody is subscribed to the AlarmTopic {TOPIC}: subscribe with aws sns subscribe, and confirm the mail",
    )
    sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="ada@acme.org")
    assert look_at_alarms(local.client, ["A"], TOPIC) == (True, "none of 1 is in alarm")
    sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns")
    ok, says = look_at_alarms(local.client, ["A"], TOPIC)
    assert not ok
    assert says.startswith(f"CloudWatch cannot publish to the AlarmTopic {TOPIC}, which is encrypted with alias/aws/sns: aws sns")
    sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="KmsMasterKeyId", AttributeValue="")
    by_config = {"Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "sns:Publish", "Resource": TOPIC}
    sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=json.dumps({"Statement": [by_config]}))
    assert look_at_alarms(local.client, ["A"], TOPIC) == (
        False,
        f"CloudWatch may not publish to the AlarmTopic {TOPIC}:"
        " allow cloudwatch.amazonaws.com sns:Publish in the topic's access policy",
    )


class InPages:
    """A client of AWS with the pages of its answers, by operation."""

    def __init__(self, pages: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self.pages = pages

    def __getattr__(self, operation: str) -> Any:
        return lambda **_: self.pages[operation][0]

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: iter(self.pages[operation]))


def test_alarms_and_subscribers_of_later_pages_count() -> None:
    """CloudWatch returns 50 alarms at a time where a call asks for no other number, and SNS 100 subscriptions."""
    subscriptions = [["PendingConfirmation"] * 100, ["arn:aws:sns:us-east-1:123456789012:alarms:1"]]
    by_cloudwatch = {"Service": "cloudwatch.amazonaws.com"}
    publish = {"Effect": "Allow", "Principal": by_cloudwatch, "Action": "sns:Publish", "Resource": TOPIC}
    names = [f"A{number:02}" for number in range(60)]
    found = InPages({
        "describe_alarms": [
            {"MetricAlarms": [{"AlarmName": name, "StateValue": "OK"} for name in page]} for page in (names[:50], names[50:])
        ],
        "list_subscriptions_by_topic": [{"Subscriptions": [{"SubscriptionArn": arn} for arn in page]} for page in subscriptions],
        "get_topic_attributes": [{"Attributes": {"Policy": json.dumps({"Statement": [publish]})}}],
    })  # fmt: skip
    assert look_at_alarms(lambda _: found, names, "") == (
        True, "none of 60 is in alarm; AlarmTopic is empty, so only CloudWatch shows them"
    )  # fmt: skip
    assert look_at_alarms(lambda _: found, names, TOPIC) == (True, "none of 60 is in alarm")


@pytest.mark.parametrize(("bus", "ok"), [("", True), ("default", True), ("ml", False)])
def test_a_missing_event_bus_is_named(local: aws.Local, bus: str, *, ok: bool) -> None:
    assert look_at_bus(local.client, bus)[0] is ok
    assert (
        ok or "the event bus ml does not exist: create it, or deploy with another EventBus" in look_at_bus(local.client, bus)[1]
    )


def test_a_deleted_queue_is_not_an_empty_queue(local: aws.Local) -> None:
    sends = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    queue = local.client("sqs").create_queue(QueueName="DeadLetters")["QueueUrl"]
    assert look_at_dead_letters(local.client, queue) == (
        False, f"EventBridge may not send to the queue {queue}, so events that it cannot deliver are lost; {REDEPLOY}"
    )  # fmt: skip
    for statement in ([sends], sends):  # one statement needs no list
        policy = {"Policy": json.dumps({"Statement": statement})}
        local.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes=policy)
        assert look_at_dead_letters(local.client, queue) == (True, "none")
    refused = [sends, {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "arn:aws:sqs:*:*:DeadLetters"}]
    local.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Statement": refused})})
    assert not look_at_dead_letters(local.client, queue)[0]
    local.client("sqs").delete_queue(QueueUrl=queue)
    assert look_at_dead_letters(local.client, queue) == (
        False, f"the queue {queue} is deleted, so what fails permanently is lost; deploy the stack again with REVERT_DRIFT=yes"
    )  # fmt: skip


def test_an_alarm_that_was_deleted_or_has_its_actions_disabled_is_named(local: aws.Local) -> None:
    make_alarm(local, "RingsFail")
    make_alarm(local, "SweepIsMissing", enabled=False)
    assert look_at_alarms(local.client, ["RingsFail", "SweepIsMissing", "WorkIsOverdue"], "") == (
        False, f"deleted: WorkIsOverdue; {REDEPLOY}"
    )  # fmt: skip
    assert look_at_alarms(local.client, ["RingsFail", "SweepIsMissing"], "") == (
        False, "nobody is notified of SweepIsMissing, whose actions are disabled:"
        " aws cloudwatch enable-alarm-actions --alarm-names SweepIsMissing",
    )  # fmt: skip


PATTERN = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Training Job State Change"]}


class PatternRule:
    """A rule with an event pattern and without a target."""

    def describe_rule(self, **_: Any) -> Any:
        return {"State": "ENABLED", "EventPattern": json.dumps(PATTERN)}

    def list_targets_by_rule(self, **_: Any) -> Any:
        return {"Targets": [{"Arn": "arn:aws:sqs:us-east-1:123456789012:q"}]}


@pytest.mark.parametrize(
    ("declared", "same"),
    [
        ({"EventPattern": PATTERN}, True),
        ({"EventPattern": {**PATTERN, "source": {"Ref": "Source"}}}, True),  # CloudFormation fills it in, so it is not compared
        ({"EventPattern": {**PATTERN, "detail": {"TrainingJobStatus": ["Failed"]}}}, False),
        ({"ScheduleExpression": "rate(1 minute)"}, False),
        ({}, True),
    ],
)
def test_a_rule_that_fires_at_other_times_than_the_stack_says_is_named(declared: dict[str, Any], *, same: bool) -> None:
    ok, says = look_at_rules(lambda _: PatternRule(), {"Jobs": "jobs-1"}, {"Jobs": {"Properties": declared}})
    assert ok is same
    assert same or says == f"the schedule or pattern was changed by hand: jobs-1; {REDEPLOY}"


class OneRule:
    """A rule that is enabled and may invoke its function, which has a reserved concurrency of 0."""

    def describe_rule(self, **_: Any) -> Any:
        return {"State": "ENABLED"}

    def list_targets_by_rule(self, **_: Any) -> Any:
        return {"Targets": [{"Arn": "arn:aws:lambda:us-east-1:123456789012:function:Sweep"}]}

    def get_policy(self, **_: Any) -> Any:
        return {"Policy": json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}]})}

    def get_function_concurrency(self, **_: Any) -> Any:
        return {"ReservedConcurrentExecutions": 0}


def test_a_function_with_a_reserved_concurrency_of_zero_is_named() -> None:
    assert look_at_rules(lambda _: OneRule(), {"EachMinute": "EachMinute"}) == (
        False, f"Sweep reserves 0 executions, so Lambda never runs it; {REDEPLOY}"
    )  # fmt: skip


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:Sweep"
RULE = "arn:aws:events:us-east-1:123456789012:rule/EachMinute"


class AllowedBy(OneRule):
    """Like ``OneRule``, with this resource-based policy of a function that can run."""

    def __init__(self, *statements: Mapping[str, Any]) -> None:
        self.statements = statements

    def describe_rule(self, **_: Any) -> Any:
        return {"State": "ENABLED", "Arn": RULE}

    def get_policy(self, **_: Any) -> Any:
        return {"Policy": json.dumps({"Statement": self.statements})}

    def get_function_concurrency(self, **_: Any) -> Any:
        return {}


@pytest.mark.parametrize(("rule", "may"), [(RULE, True), (RULE[:-1] + "?", True), (RULE.replace("Each", "Any"), False)])
def test_a_function_that_only_another_rule_may_call_is_named(rule: str, *, may: bool) -> None:
    allows = {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION, "Condition": {"ArnLike": {"AWS:SourceArn": rule}},
    }  # fmt: skip
    found = AllowedBy(allows)
    assert look_at_rules(lambda _: found, {"EachMinute": "EachMinute"})[0] is may
