"""The ports of messages: the outbox in which they wait, and where they go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from controller.ledger.messages.kind import MessageKind
from controller.ledger.under_policy import UnderPolicy
from controller.runtime.ports.answers import Answer, Refused
from controller.runtime.ports.slack_user import SlackUser
from controller.units.value import dataclass

if TYPE_CHECKING:
    from controller.notifications.block_kit import Page
    from controller.notifications.messages.text import MessageText


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(UnderPolicy):
    """What is to be posted to a channel (Slack's, or an SNS topic); ``key`` makes it the same message however often it is put.

    ``kind`` and ``facts`` (JSON) say what is told; the text is made when the message is sent. ``thread`` is the lineage (its id
    as text) to whose card it belongs: its text is a reply there, and without text the card is only brought up to date.
    ``mention`` is the Slack user or group to notify. ``native`` and ``plain`` are pages of blocks as JSON, such as a digest's.
    ``refused_by`` names the channel that the message was meant for and that refused it. ``words`` is the finished text of
    messages that were stored before messages had kinds; their kind is the first word of ``topic``.
    """

    key: str
    channel: str
    at: datetime
    kind: MessageKind | None = None
    facts: str = ""
    words: tuple[str, ...] = ()
    topic: str = ""
    thread: str = ""
    mention: str = ""
    native: str = ""
    plain: str = ""
    refused_by: str = ""
    refused_why: str = ""

    @property
    def has_text(self) -> bool:
        return self.kind is not None or bool(self.words)

    def text(self) -> MessageText:
        """The text as it is sent now."""
        # Here: most functions queue messages and write none.
        from controller.notifications.messages.catalogue import text_of
        from controller.notifications.messages.text import legacy_text, misdirected, under_policy

        text = legacy_text(self.words) if self.kind is None else text_of(self.kind, self.facts)
        text = under_policy(text, self.revision, self.mode)
        return misdirected(text, self.refused_by, self.refused_why) if self.refused_by else text


@dataclass(frozen=True, slots=True)
class WrongChannel(Refused):
    """The channel is refused, whatever the message; every other ``Refused`` is about this one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The place of a lineage's card: Slack's ids of the channel and of the message."""

    channel_id: str
    ts: str


REDRIVEN = re.compile(r"@\d{8}T\d{6}$")  # what the key of a message ends with that was queued again


def redriven(message: Message, at: datetime) -> Message:
    """A message that was set aside, as it is queued again: under a key of its own, since the old one was queued before."""
    return replace(message, key=f"{REDRIVEN.sub('', message.key)}@{at:%Y%m%dT%H%M%S}", at=at, refused_why="")


class Outbox(Protocol):
    """Messages that wait, in order, per channel. All raise Unreachable."""

    def put(self, message: Message) -> bool:
        """Queue a message once; False when a message with this key was ever queued."""

    def channels(self) -> list[str]:
        """The channels with waiting messages."""

    def lease(self, channel: str, *, now: datetime, until: datetime) -> bool:
        """Become the channel's only sender until then; False while another is, or while the channel is paused."""

    def waiting(self, channel: str, limit: int) -> list[Message]:
        """The oldest messages of a channel."""

    def sent(self, message: Message) -> None:
        """Remove a message that Slack has accepted."""

    def pause(self, channel: str, *, until: datetime) -> None:
        """Release the lease, and send nothing to the channel before ``until``."""

    def post_of(self, channel: str, thread: str) -> Post | None:
        """The place of a lineage's card in a channel; None where there is none, or after 90 days."""

    def remember_post(self, channel: str, thread: str, post: Post, *, at: datetime) -> None:
        """Store the place of a lineage's card."""

    def set_aside(self, message: Message, why: str) -> None:
        """Take a message out of its queue that Slack refuses in every form, and keep it until ``redrive``."""

    def aside(self) -> list[Message]:
        """What was set aside in all channels, oldest first; ``refused_why`` says why."""

    def redrive(self, message: Message, *, at: datetime) -> None:
        """Queue a message again that was set aside."""

    def shelve(self, message: Message) -> None:
        """Move a message that waited too long from its queue to the channel's shelf, for its digest."""

    def shelved(self, channel: str) -> list[Message]:
        """The shelved messages of a channel, oldest first."""

    def unshelve(self, messages: Iterable[Message]) -> None:
        """Remove shelved messages that a digest has listed."""


class Chat(Protocol):
    """Slack, or an SNS topic. Later contains Slack's Retry-After; Refused is what will never be accepted."""

    @property
    def threads(self) -> bool:
        """Whether messages can be answered and edited; an incoming webhook and a topic only take them."""

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
        """Post one message; Done's detail is ``<channel id>/<ts>``."""

    def update(self, post: Post, page: Page) -> Answer:
        """Replace a message with a page."""

    def reply_ephemeral(self, url: str, words: str) -> Answer:
        """Say something to the person alone who clicked, at the response_url that came with the click."""

    def open(self, trigger_id: str, view: Mapping[str, Any]) -> Answer:
        """Open a modal for the person who clicked."""

    def user(self, who: str) -> SlackUser | None:
        """What Slack says of a user; None for one that it does not know. Raises Unreachable."""

    def members(self, group: str) -> frozenset[str]:
        """The users of a user group; empty for one that nobody knows. Raises Unreachable."""
