"""Sends the messages that wait in the outbox: one sender per channel, in order, at its rate, without losing one.

A channel is one of Slack, or an SNS topic (``topic_batches``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import TypeGuard

from controller.ledger.message_kind import MessageKind
from controller.notifications.block_kit import TEXT_MAX, Page, halves, page_of, pages
from controller.notifications.mrkdwn import shortened
from controller.notifications.parts import Part
from controller.policy.sns_topic import is_topic
from controller.runtime.batches import BATCH, Batch, batches, kind_of, sent, storm_pages
from controller.runtime.drained import Sent, with_what_is_left
from controller.runtime.message_parts import card_of, parts_of, where_of
from controller.runtime.outbox import WrongChannel
from controller.runtime.ports import Answer, Done, Later, Message, Ports, Post, Refused
from controller.runtime.timeouts import LEASE, TIME_LIMIT
from controller.runtime.topic_batches import TOPIC_CALLS_MAX, topic_batches, topic_page
from controller.units.value import dataclass

CALLS_MAX = 50  # a channel and pass: Slack takes about one message a second
PAUSE = timedelta(minutes=1)
PAUSE_MAX = timedelta(minutes=15)
PAUSE_SHARE = 4  # while Slack does not answer, a channel waits a quarter of the time that its oldest message has waited
LONG_PAUSE = timedelta(hours=1)
TOO_OLD = timedelta(days=1)  # later it is listed in the digest
NO_THREAD = ("thread_not_found", "cannot_reply_to_message", "message_not_found", "restricted_action_thread_locked")
TOO_LONG = "too_long"  # msg_too_long, msg_blocks_too_long
PLAIN_FOR = timedelta(days=30)  # after Slack refused tables and charts; then they are tried again


def drain(ports: Ports) -> Sent:
    """Send the oldest messages of every channel. A 429 pauses its channel for as long as Slack asks."""
    started_at, done = ports.clock.now(), Sent()
    channels = sorted(ports.outbox.channels(), key=is_topic, reverse=True)  # first what needs no token of Slack
    for channel in channels:
        now = ports.clock.now()
        if now - started_at > TIME_LIMIT:
            break
        if not ports.outbox.lease(channel, now=now, until=now + LEASE):
            done = replace(done, shut=(*done.shut, channel))
            continue
        queue = _Queue(channel, ports, until=started_at + TIME_LIMIT)
        pause = queue.send()
        paused = (*done.paused, (channel, queue.why)) if pause else done.paused
        done = replace(
            done,
            sent=done.sent + queue.sent,
            shelved=done.shelved + queue.shelved,
            set_aside=(*done.set_aside, *queue.set_aside),
            paused=paused,
        )
        ports.outbox.pause(channel, until=ports.clock.now() + pause)
    return with_what_is_left(done, channels, ports)


@dataclass(slots=True)
class _Queue:
    """One pass over the queue of one channel, whose only sender we are."""

    channel: str
    ports: Ports
    until: datetime
    sent: int = 0
    shelved: int = 0
    set_aside: list[tuple[str, str, str]] = field(default_factory=list)
    calls: int = 0
    why: str = ""
    posts: dict[str, Post | None] = field(default_factory=dict)

    @property
    def to_topic(self) -> bool:
        return is_topic(self.channel)

    def send(self) -> timedelta:
        """Send until Slack asks to wait. Returns how long the channel waits. A message that Slack refuses delays no other."""
        steps = batches(self._fresh(self.ports.outbox.waiting(self.channel, BATCH)))
        for step in topic_batches(steps) if self.to_topic else steps:
            if self.ports.clock.now() > self.until or self.calls >= (TOPIC_CALLS_MAX if self.to_topic else CALLS_MAX):
                return timedelta(0)
            answer = sent(self._send, step)
            match answer:
                case Done():
                    self.sent += any(message.has_text or message.plain for message in step.messages)
                    self._out(step.messages)
                case Later(why, after_s):
                    self.why = why
                    return self._pause(step.messages[0]) if after_s is None else timedelta(seconds=after_s)
                case WrongChannel(why):
                    self.why = why
                    if not self._move(step.messages, why):
                        return LONG_PAUSE
                case Refused(why):
                    for message in step.messages:
                        self._set_aside(message, why)
        return timedelta(0)

    def _pause(self, oldest: Message) -> timedelta:
        """How long to wait where Slack does not answer or has a fault: longer and longer, up to a quarter of an hour."""
        return min(max((self.ports.clock.now() - oldest.at) / PAUSE_SHARE, PAUSE), PAUSE_MAX)

    def _set_aside(self, message: Message, why: str) -> None:
        """Keep a message that Slack refuses, out of the way of the others. Without text there is nothing to keep."""
        if message.has_text or message.plain or message.native:
            self.ports.outbox.set_aside(message, why)
            self.set_aside.append((self.channel, message.key, why))
        else:
            self.ports.outbox.sent(message)

    def _fresh(self, waiting: Iterable[Message]) -> Sequence[Message]:
        """The messages that are recent; older ones are kept for the digest."""
        old = self.ports.clock.now() - TOO_OLD
        fresh = []
        for message in waiting:
            if message.at >= old or message.plain:
                fresh.append(message)
            elif message.has_text:
                self.ports.outbox.shelve(message)
                self.shelved += 1
            else:
                fresh.append(message)
        return fresh

    def _out(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.ports.outbox.sent(message)

    # ── one step ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _send(self, step: Batch) -> Answer:
        [message, *others] = step.messages
        if self.to_topic:
            page = topic_page(step, self.ports)
            return self._post_once(page) if page is not None else Done()
        kind = kind_of(message)
        if others and message.has_text and kind is not None:
            return self._storm(kind, step.messages)
        if message.native:
            return self._pages(message)
        if message.plain:
            return self._plain(message)
        if not self.ports.chat.threads:
            return self._post(self._alone(message, threads=False)) if message.has_text else Done()
        if not message.thread:
            return self._post(self._alone(message))
        return self._reply(message) if message.has_text else self._refresh(message)

    def _alone(self, message: Message, *, threads: bool = True) -> Page:
        return _only(parts_of(message, self.ports, threads=threads))

    def _reply(self, message: Message) -> Answer:
        """Post into the lineage's thread; where there is no card yet, post it first."""
        root = self._root(message.thread)
        if root is None:
            answer = self._begin(message.thread)
            if not isinstance(answer, Done):
                return answer
            root = self._root(message.thread)
        answer = self._post(self._alone(message), thread_ts=root.ts if root else "")
        if isinstance(answer, Refused) and answer.why.endswith(NO_THREAD):
            answer = self._begin(message.thread)  # the card was deleted
            root = self._root(message.thread)
            return self._post(self._alone(message), thread_ts=root.ts if root else "") if isinstance(answer, Done) else answer
        return answer

    def _refresh(self, message: Message) -> Answer:
        """Update the lineage's card, where there is one."""
        root = self._root(message.thread)
        if root is None:
            return Done()
        page = _only(card_of(message.thread, self.ports))
        self.calls += 1
        answer = self.ports.chat.update(root, page)
        return Done() if isinstance(answer, Refused) else answer  # deleted, or too old to edit

    def _begin(self, thread: str, page: Page | None = None) -> Answer:
        """Post the first message of a thread, and store its place."""
        return self._remembered(thread, self._post(page or _only(card_of(thread, self.ports))))

    def _remembered(self, thread: str, answer: Answer) -> Answer:
        if isinstance(answer, Done):
            channel_id, _, ts = answer.detail.rpartition("/")
            post = self.posts[thread] = Post(channel_id=channel_id, ts=ts)
            self.ports.outbox.remember_post(self.channel, thread, post, at=self.ports.clock.now())
        return answer

    def _root(self, thread: str) -> Post | None:
        if thread not in self.posts:
            self.posts[thread] = self.ports.outbox.post_of(self.channel, thread)
        return self.posts[thread]

    def _storm(self, kind: MessageKind, messages: Sequence[Message]) -> Answer:
        """Send many messages of a kind as one; the text of each goes into its thread, in pages that are queued in their place."""
        first, (head, *details) = messages[0], storm_pages(kind, messages, where_of(messages[0], self.ports))
        thread = f"storm/{first.key}"
        answer = self._begin(thread, head)
        if not isinstance(answer, Done):
            return answer
        pages_ = [
            Message(
                key=f"{thread}/{number:03d}",
                channel=self.channel,
                at=first.at,
                thread=thread,
                plain=page.json,
            )
            for number, page in enumerate(details)
        ]
        for page in pages_:
            self.ports.outbox.put(page)
        self._out(messages)
        for page in pages_:  # queued now, so that no later message of these lineages overtakes them
            match self._plain(page):
                case Done():
                    self._out([page])
                case Later() as later:
                    return later
                case WrongChannel():
                    break  # the pages wait in the queue; the next pass hands them on
                case Refused(why):
                    self._set_aside(page, why)
        return answer

    def _plain(self, message: Message) -> Answer:
        """Post a page as an answer in its thread; as its first message where it has none yet."""
        thread, page = message.thread if self.ports.chat.threads else "", page_of(message.plain)
        root = self._root(thread) if thread else None
        return self._begin(thread, page) if thread and root is None else self._post(page, thread_ts=root.ts if root else "")

    def _pages(self, message: Message) -> Answer:
        """A page of blocks; plain blocks where the workspace does not know tables and charts."""
        since = self.ports.ledger.block_support.blocks_refused_at()
        now = self.ports.clock.now()
        if since is None or since < now - PLAIN_FOR:
            answer = self._post_native(message)
            if isinstance(answer, WrongChannel) or not (isinstance(answer, Refused) and message.plain):
                return answer
            if "invalid_blocks" in answer.why:
                self.ports.ledger.block_support.note_blocks_refused(now)
        together = message.key.rpartition("/")[0]
        for number, page in enumerate(json.loads(message.plain)):  # the same for each page of a digest: queued once
            part = replace(message, key=f"{together}/plain/{number:03d}", native="", plain=page)
            self.ports.outbox.put(part)
        return Done()

    def _post_native(self, message: Message) -> Answer:
        """Post a page of blocks as it is; the first page of a thread becomes its place."""
        thread = message.thread if self.ports.chat.threads else ""
        root = self._root(thread) if thread else None
        answer = self._post_once(page_of(message.native), root.ts if root else "")
        return self._remembered(thread, answer) if thread and root is None else answer

    def _post(self, page: Page, thread_ts: str = "") -> Answer:
        """Post a page. One that Slack refuses is posted in two halves where it is too long, and otherwise as its text alone."""
        answer = self._post_once(page, thread_ts)
        if not _is_about_the_message(answer):
            return answer
        if TOO_LONG in answer.why and len(page.blocks) > 1:
            first, second = halves(page)
            begun = self._post(first, thread_ts)
            if isinstance(begun, Done):
                self._post(second, thread_ts or begun.detail.rpartition("/")[2])
            return begun
        return self._post_once(replace(page, text=shortened(page.text, TEXT_MAX), blocks=()), thread_ts)

    def _post_once(self, page: Page, thread_ts: str = "") -> Answer:
        self.calls += 1
        return self.ports.chat.post(self.channel, page, thread_ts=thread_ts)

    # ── a channel that refuses ───────────────────────────────────────────────────────────────────────────────────────────────

    def _move(self, messages: Iterable[Message], why: str) -> bool:
        """Pass messages that this channel refuses to the default channel; messages that it also refuses stay, and are tried each
        hour.
        """
        default = self.ports.policies.current().channel
        if self.channel == default:
            return False
        for message in messages:
            if message.has_text or message.plain:
                key = f"{message.key}@{default}"
                moved = replace(message, key=key, channel=default, refused_by=self.channel, refused_why=why)
                self.ports.outbox.put(moved)  # before it is removed here: a crash in between repeats it and never loses it
            self.ports.outbox.sent(message)
        return True


def _is_about_the_message(answer: Answer) -> TypeGuard[Refused]:
    """Whether Slack refused the message itself: not its channel, and not the thread that it was for."""
    return isinstance(answer, Refused) and not isinstance(answer, WrongChannel) and not answer.why.endswith(NO_THREAD)


def _only(parts: Iterable[Part]) -> Page:
    """The single page of content with a maximum size: a message, a card."""
    return pages(parts)[0]
