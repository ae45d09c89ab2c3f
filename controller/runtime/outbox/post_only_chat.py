"""What is common to each Chat that can only post: an incoming webhook, the event bus, an SNS topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from controller.notifications.block_kit import Page
from controller.runtime.ports.answers import Answer, Refused
from controller.runtime.ports.outbox import Post
from controller.runtime.ports.slack_user import SlackUser


class PostOnlyChat:
    """The Chat port without ``post``: all other calls are refused, with the reason ``why``, and no user is known."""

    threads = False
    why: ClassVar[str]

    def update(self, post: Post, page: Page) -> Answer:
        return Refused(self.why)

    def reply_ephemeral(self, url: str, words: str) -> Answer:
        return Refused(self.why)

    def open(self, trigger_id: str, view: Mapping[str, Any]) -> Answer:
        return Refused(self.why)

    def user(self, who: str) -> SlackUser | None:
        return None

    def members(self, group: str) -> frozenset[str]:
        return frozenset()
