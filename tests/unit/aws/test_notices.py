"""Without Slack, messages go to the event bus and to the topic that is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from controller.aws.event_publisher import EventPublisher
from controller.aws.notices import NoticeChat
from controller.notifications.block_kit import Page, pages
from controller.notifications.parts import Text
from controller.runtime.ports.answers import Answer, Done, Later, Refused
from controller.runtime.ports.outbox import Post, WrongChannel

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"
[PAGE] = pages((Text("*bert* was submitted again"),))


class Clock:
    def now(self) -> datetime:
        return NOW


class Topics:
    """SNS topics that accept each message, or give a certain answer."""

    threads = False

    def __init__(self, answer: Answer | None = None) -> None:
        self.told: list[tuple[str, str]] = []
        self.answer = answer

    def post(self, channel: str, page: Page) -> Answer:
        if self.answer is not None:
            return self.answer
        self.told.append((channel, page.text))
        return Done("sns/1")


class Events:
    """EventBridge, which accepts every event or none."""

    def __init__(self, *, failed: bool = False) -> None:
        self.taken: list[dict[str, Any]] = []
        self.failed = failed

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 (AWS's own name)
        if self.failed:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "try again"}]}
        self.taken += Entries
        return {"FailedEntryCount": 0, "Entries": [{}]}


def chat(topics: Topics, events: Events, topic: str = TOPIC) -> NoticeChat:
    own: Any = topics
    return NoticeChat(own, topic, EventPublisher(events, "platform"), Clock())


def post(topics: Topics, events: Events, topic: str = TOPIC) -> Answer:
    return chat(topics, events, topic).post("#ml", PAGE)


def test_a_message_goes_to_the_topic_and_to_the_bus() -> None:
    topics, events = Topics(), Events()
    assert post(topics, events) == Done("notice/0")
    assert topics.told == [(TOPIC, "*bert* was submitted again\n\nfor `#ml`")]
    [event] = events.taken
    assert (event["DetailType"], event["EventBusName"], event["Time"]) == ("Spotwarden Message", "platform", NOW)
    assert json.loads(event["Detail"]) == {"channel": "#ml", "text": "*bert* was submitted again"}


def test_without_a_topic_a_message_goes_to_the_bus_alone() -> None:
    topics, events = Topics(), Events()
    assert post(topics, events, topic="") == Done("notice/0")
    assert (topics.told, len(events.taken)) == ([], 1)


@pytest.mark.parametrize("answer", [WrongChannel("SNS says NotFound"), Later("SNS did not answer")])
def test_a_message_that_the_topic_does_not_accept_is_sent_again_later_because_every_channel_uses_it(answer: Answer) -> None:
    events = Events()
    assert post(Topics(answer), events) == Later(answer.why)  # type: ignore[union-attr]
    assert events.taken == []


def test_a_message_that_the_topic_refuses_is_refused() -> None:
    assert post(Topics(Refused("too long")), Events()) == Refused("too long")


def test_a_message_that_the_bus_does_not_accept_is_sent_again_later() -> None:
    assert isinstance(post(Topics(), Events(failed=True)), Later)


def test_a_notice_cannot_be_answered_or_edited() -> None:
    notices = chat(Topics(), Events())
    assert not notices.threads
    assert isinstance(notices.update(Post(channel_id="c", ts="1"), PAGE), Refused)
    assert isinstance(notices.open("t", {}), Refused)
    assert isinstance(notices.reply_ephemeral("u", "w"), Refused)
    assert notices.members("g") == frozenset()
    assert notices.user("U1") is None
