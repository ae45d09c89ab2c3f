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
    """What is to be posted to a ``channel`` (Slack's, or an SNS topic). A message with the same ``key`` is queued only once.

    ``at`` orders the queue. ``kind`` and ``facts`` (JSON) are the content; the text is made when the message is sent. ``thread``
    is the id of the lineage with whose card it is posted: its text is a reply there; without text it only updates the card.
    ``mention`` is the Slack user or group to notify. ``native`` is a page of blocks as JSON, such as a digest's; then ``plain``
    is a JSON list of pages without tables and charts, to send instead. Without ``native``, ``plain`` is one such page.
    ``refused_by`` is the channel that refused the message, ``refused_why`` Slack's reason. ``words`` is the text of messages that
    were stored before messages had kinds; their kind is the first word of ``topic``.
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
        # Imported here: most functions queue messages and make no text.
        from controller.notifications.messages.catalogue import text_of
        from controller.notifications.messages.text import legacy_text, misdirected, under_policy

        text = legacy_text(self.words) if self.kind is None else text_of(self.kind, self.facts)
        text = under_policy(text, self.revision, self.mode)
        return misdirected(text, self.refused_by, self.refused_why) if self.refused_by else text


@dataclass(frozen=True, slots=True)
class WrongChannel(Refused):
    """The channel is refused, whatever the message is. Every other ``Refused`` is about this one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The place of a lineage's card, or of another thread's first message: Slack's ids of the channel and of the message."""

    channel_id: str
    ts: str


REDRIVEN = re.compile(r"@\d{8}T\d{6}$")  # the end of the key of a message that was queued again


def redriven(message: Message, at: datetime) -> Message:
    """A message that was set aside, as it is queued again: with a new key, since a key is queued only once."""
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
        """Take a message that Slack refuses in every form out of its queue, and keep it until ``redrive``."""

    def aside(self) -> list[Message]:
        """The messages that were set aside in all channels, oldest first; ``refused_why`` is the reason."""

    def redrive(self, message: Message, *, at: datetime) -> None:
        """Queue again a message that was set aside."""

    def shelve(self, message: Message) -> None:
        """Move a message that waited too long from its queue to the channel's shelf, for its digest."""

    def shelved(self, channel: str) -> list[Message]:
        """The shelved messages of a channel, oldest first."""

    def unshelve(self, messages: Iterable[Message]) -> None:
        """Remove shelved messages that a digest has listed."""


class Chat(Protocol):
    """Slack, or an SNS topic. Later contains Slack's Retry-After; Refused means that the call will never be accepted."""

    @property
    def threads(self) -> bool:
        """Whether messages can be answered and edited; an incoming webhook and a topic only take them."""

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
        """Post one message; Done's detail is ``<channel id>/<ts>``."""

    def update(self, post: Post, page: Page) -> Answer:
        """Replace a message with a page."""

    def reply_ephemeral(self, url: str, words: str) -> Answer:
        """Show a text only to the person who clicked; ``url`` is the response_url of the click."""

    def open(self, trigger_id: str, view: Mapping[str, Any]) -> Answer:
        """Open a modal for the person who clicked."""

    def user(self, who: str) -> SlackUser | None:
        """A user as Slack describes them; None for an unknown one. Raises Unreachable."""

    def members(self, group: str) -> frozenset[str]:
        """The ids of the users in a Slack user group; empty for an unknown group. Raises Unreachable."""
