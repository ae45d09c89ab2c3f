"""One Chat for both kinds of channels: Slack's channels and SNS topics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controller.policy.sns_topic import is_topic
from controller.runtime.ports.answers import Answer
from controller.runtime.ports.outbox import Chat, Post
from controller.runtime.ports.slack_user import SlackUser

if TYPE_CHECKING:
    from controller.notifications.block_kit import Page  # every function builds its ports, and only one posts


class ChatByChannel:
    """The Chat port: posts to an SNS topic where the channel is its ARN, else to Slack. All other calls go to Slack."""

    def __init__(self, slack: Chat, topics: Chat) -> None:
        self._slack = slack
        self._topics = topics

    @property
    def threads(self) -> bool:
        """Whether Slack has threads; a topic has none."""
        return self._slack.threads

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
        if is_topic(channel):
            return self._topics.post(channel, page)
        return self._slack.post(channel, page, thread_ts=thread_ts)

    def update(self, post: Post, page: Page) -> Answer:
        return self._slack.update(post, page)

    def reply_ephemeral(self, url: str, words: str) -> Answer:
        return self._slack.reply_ephemeral(url, words)

    def open(self, trigger_id: str, view: Mapping[str, Any]) -> Answer:
        return self._slack.open(trigger_id, view)

    def user(self, who: str) -> SlackUser | None:
        return self._slack.user(who)

    def members(self, group: str) -> frozenset[str]:
        return self._slack.members(group)
