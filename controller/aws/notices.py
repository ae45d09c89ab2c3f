"""Where messages go while no Slack is set up: to the event bus, and to an SNS topic where one is named.

Subscribers of the topic (mail, Teams) read the messages and cannot answer: there are no threads and no buttons.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.aws.eventbridge import EventBridge
from controller.notifications.block_kit import Page
from controller.runtime.ports import Answer, Clock, Done, Home, Later, Refused
from controller.runtime.post_only_chat import PostOnlyChat

DETAIL_TYPE = "Spotwarden Message"
SUBJECT = "Spotwarden"
READ_ONLY = "no Slack is set up: messages can be read, and not answered"


class NoticeChat(PostOnlyChat):
    """The Chat port over a boto3 ``sns`` client and the event bus; ``topic`` is an ARN, or empty for none."""

    why = READ_ONLY

    def __init__(self, sns: Any, topic: str, events: EventBridge, clock: Clock, home: Home) -> None:
        self._sns = sns
        self._topic = topic
        self._events = events
        self._clock = clock
        self._subject = " ".join(filter(None, (SUBJECT, home.account, home.region)))

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:  # noqa: ARG002 - the port's own signature
        """Send a message to both places, at least once."""
        said = self._to_topic(f"for {channel}\n\n{page.text}") if self._topic else Done()
        if not isinstance(said, Done):
            return said
        return self._to_bus(channel, page.text, self._clock.now())

    def _to_topic(self, text: str) -> Answer:
        try:
            self._sns.publish(TopicArn=self._topic, Subject=self._subject, Message=text)
        except (ClientError, BotoCoreError) as error:
            if fault_of(error) is AwsFault.INVALID:
                return Refused(str(error))
            return Later(str(error))
        return Done()

    def _to_bus(self, channel: str, text: str, at: datetime) -> Answer:
        answer = self._events.put(DETAIL_TYPE, json.dumps({"channel": channel, "text": text}), at)
        return Done("notice/0") if isinstance(answer, Done) else answer
