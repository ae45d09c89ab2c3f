"""A stack without Slack says its messages on the event bus and to the topic, and nothing waits in its outbox."""

from __future__ import annotations

import json

import pytest

from controller import wiring
from controller.runtime.ports import Message
from infra.local import aws
from infra.local.host import CLIENT_CONFIG
from tests.security import lab as attacks

POLICY = "version: 1\nrules: [{name: spot, rule: spot-required, mode: warn}]\n"


def test_messages_reach_the_topic_and_leave_the_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    with attacks.lab(POLICY) as host:
        sns, sqs = host.aws.client("sns"), host.aws.client("sqs")
        topic, queue = sns.create_topic(Name="notices")["TopicArn"], sqs.create_queue(QueueName="mail")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{aws.REGION}:{aws.ACCOUNT}:mail")
        for name in ("SPOTWARDEN_SLACK_TOKEN", "SPOTWARDEN_SLACK_SIGNING_SECRET", "SPOTWARDEN_SLACK_URL"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("SPOTWARDEN_NOTICE_TOPIC", topic)
        wiring.install(clock=host.clock, client_config=CLIENT_CONFIG, slack_client_config=CLIENT_CONFIG)
        outbox = wiring.ports().outbox
        outbox.put(Message(key="said", channel="#ml", at=host.clock.at, words=("bert was submitted again",)))
        host.bus.fire("drain")
        [mail] = sqs.receive_message(QueueUrl=queue)["Messages"]
        assert "bert was submitted again" in json.loads(mail["Body"])["Message"]
        assert outbox.channels() == []
        assert attacks.messages(host) == []
        assert not host.bus.waiting
