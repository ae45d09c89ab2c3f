"""Posts pages to one channel. A page that is too long for Slack is posted in halves; one with refused blocks, as text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeGuard

from controller.notifications.block_kit import TEXT_MAX, Page, halves, page_of, pages
from controller.notifications.messages.text import BELOW_IS, IN_THREAD, THREAD_LISTS
from controller.notifications.mrkdwn import shortened
from controller.policy.sns_topic import is_topic
from controller.runtime.outbox.batches import UNMADE
from controller.runtime.outbox.message_parts import card_of
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import Answer, Done, Later, Refused
from controller.runtime.ports.outbox import Message, Post, WrongChannel
from controller.runtime.timeouts import LATE

NO_THREAD = ("thread_not_found", "cannot_reply_to_message", "message_not_found", "restricted_action_thread_locked")
NO_EDIT = ("cant_update_message", "edit_window_closed", "update_failed")
TOO_LONG = "too_long"  # msg_too_long, msg_blocks_too_long


@dataclass(slots=True)
class PagePosts:
    """Posts the pages of one pass to a channel. ``calls`` counts the calls made; ``places`` has the first post of each thread
    that was read so far, or None where there is none.
    """

    channel: str
    ports: Ports
    calls: int = 0
    places: dict[str, Post | None] = field(default_factory=dict)

    def post(self, page: Page, thread_ts: str = "") -> Answer:
        """Post a page. If Slack refuses it as too long, it is posted in two halves; if for another reason, as its text alone."""
        answer = self.post_once(page, thread_ts)
        if not is_about_the_message(answer):
            return answer
        if TOO_LONG in answer.why and len(page.blocks) > 1:
            first, second = halves(page)
            begun = self.post(first, thread_ts)
            if isinstance(begun, Done):
                channel_id, _, ts = begun.detail.rpartition("/")
                self._post_rest(second, Post(channel_id=channel_id, ts=thread_ts or ts))
            return begun
        return self.post_once(_as_text(page), thread_ts)

    def update(self, place: Post, page: Page) -> Answer:
        """Replace a message with a page, or with its text alone where Slack refuses the blocks."""
        self.calls += 1
        answer = self.ports.chat.update(place, page)
        if not is_about_the_message(answer) or answer.why.endswith(NO_EDIT):
            return answer
        self.calls += 1
        return self.ports.chat.update(place, _as_text(page))

    def post_once(self, page: Page, thread_ts: str = "") -> Answer:
        """Post a page as it is."""
        self.calls += 1
        if not is_topic(self.channel) and not self.ports.chat.threads:
            page = _below(page)
        return self.ports.chat.post(self.channel, page, thread_ts=thread_ts)

    def post_native(self, message: Message) -> Answer:
        """Post a message's native blocks as they are; the first page of a thread becomes its first post."""
        thread = message.thread if self.ports.chat.threads else ""
        root = self.root(thread) if thread else None
        answer = self.post_once(page_of(message.native), root.ts if root else "")
        if root is not None and lost_its_thread(answer):
            root, answer = None, self.post_once(page_of(message.native))
        return self.remembered(thread, answer) if thread and root is None else answer

    def _post_rest(self, page: Page, root: Post) -> None:
        """Post the second half of a page in a thread. If it is not accepted, queue it: the first half has been sent already."""
        if isinstance(self.post(page, root.ts), Done):
            return
        now, thread = self.ports.clock.now(), f"rest/{root.channel_id}/{root.ts}"
        self.ports.outbox.remember_post(self.channel, thread, root, at=now)
        key = f"{thread}/{now:%Y%m%dT%H%M%S%f}/{self.calls}"
        self.ports.outbox.put(Message(key=key, channel=self.channel, at=now, thread=thread, plain=page.json))

    def root(self, thread: str) -> Post | None:
        """The first message of a thread; None where there is none yet."""
        if thread not in self.places:
            self.places[thread] = self.ports.outbox.post_of(self.channel, thread)
        return self.places[thread]

    def remembered(self, thread: str, answer: Answer) -> Answer:
        """Store the place of a thread's first message, if ``answer`` says that Slack accepted it. Returns ``answer``."""
        if isinstance(answer, Done):
            channel_id, _, ts = answer.detail.rpartition("/")
            post = self.places[thread] = Post(channel_id=channel_id, ts=ts)
            self.ports.outbox.remember_post(self.channel, thread, post, at=self.ports.clock.now())
        return answer


def card_page(thread: str, ports: Ports) -> Page | None:
    """The card of a lineage; None where it cannot be made, such as from a stored row that this version cannot read."""
    try:
        return pages(card_of(thread, ports))[0]
    except UNMADE:
        return None


def _as_text(page: Page) -> Page:
    return replace(page, text=shortened(page.text, TEXT_MAX), blocks=())


def _below(page: Page) -> Page:
    """The page for a chat without threads, such as an incoming webhook: its text says that the details are in later messages.

    It is changed only here: whether Slack is reached by a webhook is in the secret, which only the posting function may read.
    """
    return page_of(page.json.replace(THREAD_LISTS, BELOW_IS).replace(f" {IN_THREAD}", " below"))


def is_about_the_message(answer: Answer) -> TypeGuard[Refused]:
    """Whether Slack refused the message itself, and not its channel or its thread."""
    return isinstance(answer, Refused) and not isinstance(answer, WrongChannel) and not lost_its_thread(answer)


def goes_without_card(message: Message, card: Answer, now: datetime) -> bool:
    """Whether a message is sent without its card: Slack refuses the card, or the message has waited an hour for an answer."""
    silent = isinstance(card, Later) and card.after_s is None and message.at < now - LATE
    return silent or is_about_the_message(card)


def lost_its_thread(answer: Answer) -> bool:
    """Whether no more replies can be posted in a thread: its first message was deleted, or it was locked."""
    return isinstance(answer, Refused) and answer.why.endswith(NO_THREAD)
