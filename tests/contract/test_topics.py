"""Messages to SNS topics: the adapter with SNS's protocol, and the fake that other tests use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.aws.topic_chat import TopicChat
from controller.notifications.block_kit import Page, pages
from controller.notifications.mrkdwn import escaped
from controller.notifications.parts import Text
from controller.notifications.plain_text import BODY_BYTES_MAX, plain_message
from controller.runtime.ports.all_ports import Home
from controller.runtime.ports.answers import Done, Later, Refused
from controller.runtime.ports.outbox import Chat, Post, WrongChannel
from infra.local import aws
from tests.topics import MemoryTopics

HOME = Home(account=aws.ACCOUNT, region=aws.REGION)


class Place(Protocol):
    """Makes topics, and returns what their subscribers have received since the last call: subjects and bodies."""

    chat: Chat

    def make(self, name: str, region: str = aws.REGION) -> str: ...

    def received(self) -> list[tuple[str, str]]: ...


@dataclass
class InMemory:
    chat: MemoryTopics = field(default_factory=MemoryTopics)

    def make(self, name: str, region: str = aws.REGION) -> str:
        arn = f"arn:aws:sns:{region}:{aws.ACCOUNT}:{name}"
        self.chat.known.add(arn)
        return arn

    def received(self) -> list[tuple[str, str]]:
        found = [(message.subject, message.body) for _, message in self.chat.told]
        self.chat.told.clear()
        return found


@dataclass
class OverHttp:
    """moto's SNS, with an SQS queue that is subscribed to each topic."""

    local: aws.Local
    queues: dict[str, str] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)

    @property
    def chat(self) -> TopicChat:
        return TopicChat(lambda region: aws.client("sns", self.local.url, region), HOME)

    def make(self, name: str, region: str = aws.REGION) -> str:
        if name in self.topics:
            return self.topics[name]
        sns, sqs = aws.client("sns", self.local.url, region), aws.client("sqs", self.local.url, region)
        arn = self.topics[name] = str(sns.create_topic(Name=name)["TopicArn"])
        self.queues[name] = sqs.create_queue(QueueName=f"mail-{name}")["QueueUrl"]
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:{region}:{aws.ACCOUNT}:mail-{name}")
        return arn

    def received(self) -> list[tuple[str, str]]:
        found = []
        for name, queue in self.queues.items():
            sqs = aws.client("sqs", self.local.url, self.topics[name].split(":")[3])
            while mails := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
                for mail in mails:
                    body = json.loads(mail["Body"])
                    found.append((body["Subject"], body["Message"]))
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=mail["ReceiptHandle"])
        return found


@pytest.fixture(scope="module")
def local() -> Iterator[aws.Local]:
    with aws.start(dynamodb=aws.ATOMIC) as started:
        yield started


@pytest.fixture(scope="module", params=["memory", "moto"])
def place(request: pytest.FixtureRequest) -> Any:
    return InMemory() if request.param == "memory" else OverHttp(request.getfixturevalue("local"))


def page(text: str) -> Page:
    return pages((Text(text),))[0]


def test_a_message_arrives_once_with_its_subject_and_its_text(place: Place) -> None:
    topic = place.make("vision")
    answer = place.chat.post(topic, page(":repeat: *bert* is submitted again\n*Why:* no capacity"))
    assert isinstance(answer, Done)
    assert answer.detail.startswith("sns/")
    assert place.received() == [
        ("Spotwarden: bert is submitted again (123456789012 us-east-1)", "bert is submitted again\nWhy: no capacity")
    ]


def test_a_topic_of_another_region_is_reached_there(place: Place) -> None:
    assert isinstance(place.chat.post(place.make("central", "eu-west-1"), page("hello")), Done)
    assert [body for _, body in place.received()] == ["hello"]


@pytest.mark.parametrize(
    "channel",
    [
        f"arn:aws:sns:{aws.REGION}:{aws.ACCOUNT}:nowhere",
        f"arn:aws:sns:{aws.REGION}:{aws.ACCOUNT}:orders.fifo",
        f"arn:aws:sqs:{aws.REGION}:{aws.ACCOUNT}:queue",
        f"arn:aws:sns:{aws.REGION}:{aws.ACCOUNT}:vision:5f1d6b4e-8d7c-4a0b-9a51-3f0e8a7f9a11",
        "arn:",
    ],
)
def test_what_is_no_topic_or_is_gone_is_a_wrong_channel(place: Place, channel: str) -> None:
    assert isinstance(place.chat.post(channel, page("hello")), WrongChannel)
    assert place.received() == []


def test_a_message_longer_than_sns_takes_arrives_cut_off(place: Place) -> None:
    whole = Page(text="", blocks=tuple(block for _ in range(120) for block in page("x\u20ac" * 1400).blocks))
    assert isinstance(place.chat.post(place.make("long"), whole), Done)
    [(_, body)] = place.received()
    assert BODY_BYTES_MAX - 100 < len(body.encode()) <= BODY_BYTES_MAX
    assert body.endswith("The rest does not fit into an SNS message.")


@given(st.text(max_size=300))
@settings(max_examples=8)
def test_sns_accepts_a_message_with_any_text_of_people(place: Place, text: str) -> None:
    shown = page(f"*{escaped(text, 400)}*")
    topic = place.make("hostile")
    assert isinstance(place.chat.post(topic, shown), Done)
    message = plain_message(shown, "123456789012 us-east-1")
    assert place.received() == [(message.subject, message.body)]


def test_a_topic_has_no_threads_edits_and_answers(place: Place) -> None:
    assert not place.chat.threads
    assert isinstance(place.chat.update(Post(channel_id="c", ts="1"), page("x")), Refused)
    assert isinstance(place.chat.open("t", {}), Refused)


def test_an_sns_that_does_not_answer_is_asked_again_later() -> None:
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=1)

    def client(region: str) -> Any:
        import boto3

        return boto3.client("sns", endpoint_url="http://127.0.0.1:1", region_name=region, config=config, **aws.CREDENTIALS)

    answer = TopicChat(client, HOME).post(f"arn:aws:sns:{aws.REGION}:{aws.ACCOUNT}:ops", page("x"))
    assert answer == Later("SNS did not answer: EndpointConnectionError")
