"""A stack without Slack sends its messages to the event bus and to the topic, and no message stays in its outbox."""

from __future__ import annotations

import json

import pytest

from controller import wiring
from controller.runtime.ports.outbox import Message
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


def test_a_policy_whose_channel_is_a_topic_tells_its_findings_there() -> None:
    topic = f"arn:aws:sns:{aws.REGION}:{aws.ACCOUNT}:vision"
    with attacks.lab(
        f"version: 1\ndefaults: {{channel: '{topic}'}}\nrules: [{{name: spot, rule: spot-required, mode: warn}}]\n"
    ) as host:
        sns, sqs = host.aws.client("sns"), host.aws.client("sqs")
        sns.create_topic(Name="vision")
        queue = sqs.create_queue(QueueName="vision")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{aws.REGION}:{aws.ACCOUNT}:vision")
        attacks.launch(host, attacks.request("warm-up", "vision", work_s=300))
        attacks.run(host, minutes=1)
        attacks.launch(host, attacks.request("bert", "vision", spot=False, work_s=7200))
        attacks.run(host, minutes=5)
        [mail] = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        told = json.loads(mail["Body"])
        assert told["Subject"].startswith('Spotwarden: bert breaks the rule "spot"')
        assert "aws sagemaker stop-training-job --training-job-name bert --region us-east-1" in told["Message"]
        assert attacks.messages(host) == []
        assert wiring.ports().outbox.channels() == []
