"""Sends messages while no Slack is set up: to the event bus, and to an SNS topic where one is named.

Subscribers of the topic (mail, Teams) read the messages and cannot answer: there are no threads and no buttons.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from controller.aws.event_publisher import EventPublisher
from controller.notifications.block_kit import Page
from controller.notifications.mrkdwn import code, mrkdwn_object
from controller.runtime.outbox.post_only_chat import PostOnlyChat
from controller.runtime.ports.answers import Answer, Done, Later
from controller.runtime.ports.aws import Clock
from controller.runtime.ports.outbox import Chat, WrongChannel

DETAIL_TYPE = "Spotwarden Message"
READ_ONLY = "no Slack is set up: messages can be read, and not answered"


class NoticeChat(PostOnlyChat):
    """The Chat port over the event bus, and over ``topics`` for the one topic whose ARN is ``topic``; empty for none."""

    why = READ_ONLY

    def __init__(self, topics: Chat, topic: str, events: EventPublisher, clock: Clock) -> None:
        self._topics = topics
        self._topic = topic
        self._events = events
        self._clock = clock

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:  # noqa: ARG002 - the port's own signature
        """Send a message to both places, at least once."""
        said = self._to_topic(channel, page) if self._topic else Done()
        if not isinstance(said, Done):
            return said
        return self._to_bus(channel, page.text, self._clock.now())

    def _to_topic(self, channel: str, page: Page) -> Answer:
        """Publish the message with the name of its channel. All channels use this topic, so a refusal by the topic is Later."""
        meant = f"for {code(channel)}"
        blocks = (*page.blocks, {"type": "context", "elements": [mrkdwn_object(meant)]}) if page.blocks else ()
        answer = self._topics.post(self._topic, replace(page, text=f"{page.text}\n\n{meant}", blocks=blocks))
        return Later(answer.why) if isinstance(answer, WrongChannel) else answer

    def _to_bus(self, channel: str, text: str, at: datetime) -> Answer:
        answer = self._events.put(DETAIL_TYPE, json.dumps({"channel": channel, "text": text}), at)
        return Done("notice/0") if isinstance(answer, Done) else answer
