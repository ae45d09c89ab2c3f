"""What waits for Slack, and Slack itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from controller.notifications.block_kit import Page
from controller.runtime.answers import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is to be posted to a channel; ``key`` makes it the same message however often it is put.

    ``thread`` is the lineage (its id as text) to whose message it belongs: its words are a reply there, and without words that
    message is only brought up to date. ``mention`` is the Slack user or group that has to hear of it. ``native`` and ``plain``
    are pages of blocks as JSON, for what is more than words.
    """

    key: str
    channel: str
    words: tuple[str, ...]
    at: datetime
    topic: str = ""
    thread: str = ""
    mention: str = ""
    native: str = ""
    plain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Where a lineage's message stands: Slack's own id of the channel, and the message's."""

    channel_id: str
    ts: str


class Outbox(Protocol):
    """Messages that wait for Slack, in order, per channel. All raise Unreachable."""

    def put(self, message: Message) -> bool:
        """Queue a message once; False when one of its key was ever queued."""

    def channels(self) -> list[str]:
        """The channels in which something waits."""

    def lease(self, channel: str, *, now: datetime, until: datetime) -> bool:
        """Become the channel's only sender until then; False while another is, or while the channel is paused."""

    def waiting(self, channel: str, limit: int) -> list[Message]:
        """The oldest messages of a channel."""

    def sent(self, message: Message) -> None:
        """Take a message out: Slack has it."""

    def pause(self, channel: str, *, until: datetime) -> None:
        """Give up the lease and send nothing to the channel before ``until``."""

    def post_of(self, channel: str, thread: str) -> Post | None:
        """Where a lineage's message stands in a channel; None where there is none, or its 90 days are over."""

    def remember_post(self, channel: str, thread: str, post: Post, *, at: datetime) -> None:
        """Write down where a lineage's message stands."""

    def shelve(self, message: Message) -> None:
        """Take a message out of its queue and keep it for the channel's digest: it waited for too long."""

    def shelved(self, channel: str) -> list[Message]:
        """What was shelved in a channel, oldest first."""

    def unshelve(self, messages: Iterable[Message]) -> None:
        """Forget what a digest has told."""


class Chat(Protocol):
    """Slack. Later carries Slack's Retry-After; Refused is for what Slack will never take.

    ``threads`` says whether messages can be answered and edited; an incoming webhook only posts.
    """

    threads: bool

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
        """Post one message; Done's detail is ``<channel id>/<ts>``."""

    def update(self, post: Post, page: Page) -> Answer:
        """Put a page in place of a message."""

    def reply_ephemeral(self, url: str, words: str) -> Answer:
        """Say something to the person alone who clicked, at the response_url that came with the click."""

    def open(self, trigger_id: str, view: Mapping[str, Any]) -> Answer:
        """Open a modal for the person who clicked."""

    def members(self, group: str) -> frozenset[str]:
        """The users of a user group; empty for one that nobody knows. Raises Unreachable."""
