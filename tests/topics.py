"""SNS topics in memory, held to the answers of the real adapter by the contract suite."""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.notifications.block_kit import Page
from controller.notifications.plain_text import PlainMessage, plain_message
from controller.policy.sns_topic import BadTopic, sns_topic
from controller.runtime.outbox.post_only_chat import PostOnlyChat
from controller.runtime.ports.answers import Answer, Done
from controller.runtime.ports.outbox import WrongChannel


@dataclass
class MemoryTopics(PostOnlyChat):
    """Topics that exist (``known``) and what they were told."""

    known: set[str] = field(default_factory=set)
    told: list[tuple[str, PlainMessage]] = field(default_factory=list)
    why = "a topic can be read, and not answered"

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
        try:
            sns_topic(channel)
        except BadTopic as problem:
            return WrongChannel(str(problem))
        if channel not in self.known:
            return WrongChannel("SNS says NotFound: Topic does not exist")
        self.told.append((channel, plain_message(page, "123456789012 us-east-1")))
        return Done(f"sns/{len(self.told)}")
