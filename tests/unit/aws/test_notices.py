"""Without Slack, messages go to the event bus and to the topic that is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from controller.aws.eventbridge import EventBridge
from controller.aws.notices import NoticeChat
from controller.notifications.block_kit import Page
from controller.runtime.ports import Answer, Done, Home, Later, Post, Refused

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"
PAGE = Page(text="bert was submitted again", blocks=())


class Clock:
    def now(self) -> datetime:
        return NOW


class Sns:
    """SNS, which publishes or fails as told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.published: list[dict[str, Any]] = []
        self.error = error

    def publish(self, **asked: Any) -> None:
        if self.error:
            raise self.error
        self.published.append(asked)


class Events:
    """EventBridge, which takes every event or none."""

    def __init__(self, *, failed: bool = False) -> None:
        self.taken: list[dict[str, Any]] = []
        self.failed = failed

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 (AWS's own name)
        if self.failed:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "try again"}]}
        self.taken += Entries
        return {"FailedEntryCount": 0, "Entries": [{}]}


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "Publish")


def post(sns: Sns, events: Events, topic: str = TOPIC) -> Answer:
    return NoticeChat(sns, topic, EventBridge(events, "platform"), Clock(), Home()).post("#ml", PAGE)


def test_a_message_goes_to_the_topic_and_to_the_bus() -> None:
    sns, events = Sns(), Events()
    assert post(sns, events) == Done("notice/0")
    assert sns.published == [{"TopicArn": TOPIC, "Subject": "Spotwarden", "Message": "for #ml\n\nbert was submitted again"}]
    [event] = events.taken
    assert (event["DetailType"], event["EventBusName"], event["Time"]) == ("Spotwarden Message", "platform", NOW)
    assert json.loads(event["Detail"]) == {"channel": "#ml", "text": "bert was submitted again"}


def test_without_a_topic_a_message_goes_to_the_bus_alone() -> None:
    sns, events = Sns(), Events()
    assert post(sns, events, topic="") == Done("notice/0")
    assert (sns.published, len(events.taken)) == ([], 1)


@pytest.mark.parametrize("failure", [error("NotFound"), error("AuthorizationError"), ConnectTimeoutError(endpoint_url="u")])
def test_a_topic_that_does_not_take_it_is_tried_again_later(failure: Exception) -> None:
    events = Events()
    assert isinstance(post(Sns(failure), events), Later)
    assert events.taken == []


def test_a_bus_that_does_not_take_it_is_tried_again_later() -> None:
    assert isinstance(post(Sns(), Events(failed=True)), Later)


def test_a_notice_cannot_be_answered_or_edited() -> None:
    chat = NoticeChat(Sns(), TOPIC, EventBridge(Events()), Clock(), Home())
    assert not chat.threads
    assert isinstance(chat.update(Post(channel_id="c", ts="1"), PAGE), Refused)
    assert isinstance(chat.open("t", {}), Refused)
    assert isinstance(chat.reply_ephemeral("u", "w"), Refused)
    assert chat.members("g") == frozenset()
    assert chat.user("U1") is None
