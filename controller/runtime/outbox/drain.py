"""Sends the messages that wait in the outbox: one sender per channel, in order, at the channel's rate, and loses no message.

A channel is one of Slack's, or an SNS topic (``topic_batches``).
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta

from controller.ledger.messages.kind import MessageKind
from controller.notifications.block_kit import Page, page_of, pages
from controller.policy.sns_topic import is_topic
from controller.runtime.outbox.batches import (
    BATCH,
    HELD,
    STORM,
    Batch,
    batches,
    in_turn,
    kind_of,
    rotated,
    send_step,
    split,
    storm_pages,
)  # fmt: skip
from controller.runtime.outbox.drain_result import Sent, with_what_is_left
from controller.runtime.outbox.message_parts import parts_of, where_of
from controller.runtime.outbox.page_posts import PagePosts, card_page, goes_without_card, lost_its_thread
from controller.runtime.outbox.topic_batches import TOPIC_CALLS_MAX, topic_batches, topic_page
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import Answer, Done, Later, Refused
from controller.runtime.ports.outbox import Message, WrongChannel
from controller.runtime.timeouts import LEASE, TIME_LIMIT
from controller.units.value import dataclass

CALLS_MAX = 50  # per channel and pass: Slack accepts about one message a second
PAUSE = timedelta(minutes=1)
PAUSE_MAX = timedelta(minutes=15)
PAUSE_SHARE = 4  # while Slack does not answer, a channel waits a quarter of the time that its oldest message has waited
LONG_PAUSE = timedelta(hours=1)
PASSED_OVER = timedelta(minutes=10)  # a message that got no answer for so long is perhaps at fault itself: the next one is tried
PASSED_MAX = 20  # messages in a row that got no answer: then Slack is at fault
TOO_OLD = timedelta(days=1)  # an older message is listed in the digest instead
PLAIN_FOR = timedelta(days=30)  # how long tables and charts are not tried after Slack refused them


def drain(ports: Ports) -> Sent:
    """Send the oldest messages of every channel. A 429 pauses its channel for as long as Slack asks.

    Raises the first problem once all channels had their turn.
    """
    started_at, done = ports.clock.now(), Sent()
    problems: list[Exception] = []
    channels = in_turn(ports.outbox.channels(), started_at)
    for number, channel in enumerate(channels):
        now, ends_at = ports.clock.now(), started_at + TIME_LIMIT
        if now > ends_at:
            break
        if not ports.outbox.lease(channel, now=now, until=now + LEASE):
            done = replace(done, shut=(*done.shut, channel))
            continue
        queue = _Queue(channel, ports, until=now + (ends_at - now) / (len(channels) - number))
        try:
            pause = queue.send()
            queue.set_old_aside()
        except Exception as problem:  # the other channels are still sent to; this one is tried again after its lease
            problems.append(problem)
            continue
        paused = (*done.paused, (channel, queue.why)) if pause else done.paused
        done = replace(
            done,
            sent=done.sent + queue.sent,
            shelved=done.shelved + queue.shelved,
            set_aside=(*done.set_aside, *queue.set_aside),
            paused=paused,
        )
        ports.outbox.pause(channel, until=ports.clock.now() + pause)
    if problems:
        raise problems[0]
    return with_what_is_left(done, channels, ports)


@dataclass(slots=True)
class _Queue:
    """One pass over the queue of one channel, which this function has leased."""

    channel: str
    ports: Ports
    until: datetime
    sent: int = 0
    shelved: int = 0
    accepted: int = 0
    unanswered: list[Message] = field(default_factory=list)
    set_aside: list[tuple[str, str, str]] = field(default_factory=list)
    why: str = ""
    rest: Later | None = None  # the answer that makes the later pages of a storm message wait
    posts: PagePosts = field(init=False)
    oldest: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.posts = PagePosts(self.channel, self.ports)

    @property
    def to_topic(self) -> bool:
        return is_topic(self.channel)

    def send(self) -> timedelta:
        """Send until Slack asks to wait. Returns how long the channel waits. A message that Slack refuses delays no other."""
        waiting = batches(self._fresh(self.ports.outbox.waiting(self.channel, BATCH)))
        steps = deque(rotated(list(topic_batches(waiting)) if self.to_topic else waiting, self.ports.clock.now()))
        self.oldest = min((step.messages[0].at for step in steps), default=self.until)
        passed: list[Batch] = []  # steps without an answer since the last accepted one
        held: set[str] = set()  # threads with an unanswered message: their later messages wait, for up to six hours
        while steps:
            step = steps.popleft()
            if any(message.thread in held for message in step.messages):
                continue
            if self._is_over():
                break
            calls, answer = self.posts.calls, send_step(self._send, step)
            match answer:
                case Done():
                    self.sent += any(message.has_text or message.plain for message in step.messages)
                    self._out(step.messages)
                    if self.posts.calls > calls:
                        self.accepted += 1
                        passed = []
                    if self.rest is not None:
                        return self._pause(step.messages[0].at, self.rest)
                case Later(why, after_s):
                    self.why, age = why, self.ports.clock.now() - step.messages[0].at
                    if age < PASSED_OVER or after_s is not None or len(passed) >= PASSED_MAX:
                        return self._pause((*passed, step)[0].messages[0].at, answer)
                    if parts := split(step, self.channel):  # one of them may be at fault
                        steps.extendleft(reversed(parts))
                        continue
                    passed.append(step)
                    self.unanswered += step.messages
                    held |= {message.thread for message in step.messages if age < HELD} - {""}
                case WrongChannel(why):
                    self.why = why
                    if not self._move(step.messages, why):
                        return LONG_PAUSE
                case Refused(why):
                    parts = split(step, self.channel, refused=True)
                    steps.extendleft(reversed(parts))
                    if not parts:
                        self._set_aside(step.messages[0], why)
        waits = passed and (not steps or not self.accepted)
        return self._pause(passed[0].messages[0].at) if waits else timedelta(0)

    def _is_over(self) -> bool:
        """Whether this pass has no time left, or has sent enough. Of a topic, only accepted messages count: they are emails."""
        enough = self.to_topic and self.accepted >= TOPIC_CALLS_MAX
        return enough or self.posts.calls >= CALLS_MAX or self.ports.clock.now() > self.until

    def set_old_aside(self) -> None:
        """Set aside each message that got no answer for a day, if Slack accepted others in this pass."""
        old = self.ports.clock.now() - TOO_OLD
        for message in self.unanswered if self.accepted else ():
            if message.at < old:
                self._set_aside(message, f"no answer for a day: {self.why}")

    def _pause(self, since: datetime, answer: Later | None = None) -> timedelta:
        """How long the channel waits: as long as Slack asks for; without an answer longer each time, from 1 to 15 minutes."""
        if answer is not None and answer.after_s is not None:
            return timedelta(seconds=answer.after_s)
        since = since if self.accepted else self.oldest
        return min(max((self.ports.clock.now() - since) / PAUSE_SHARE, PAUSE), PAUSE_MAX)

    def _set_aside(self, message: Message, why: str) -> None:
        """Take a refused message out of the queue and keep it. A card update has no text to keep, and is removed."""
        if message.has_text or message.plain or message.native:
            self.ports.outbox.set_aside(message, why)
            self.set_aside.append((self.channel, message.key, why))
        else:
            self.ports.outbox.sent(message)

    def _fresh(self, waiting: Iterable[Message]) -> Sequence[Message]:
        """The messages to send now. Messages with text that are older than a day are moved to the shelf, for the digest."""
        old = self.ports.clock.now() - TOO_OLD
        fresh = []
        for message in waiting:
            if message.at < old and message.has_text and not message.plain:
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
            return self.posts.post_once(page) if page is not None else Done()
        kind = kind_of(message)
        if others and message.has_text and kind is not None:
            return self._storm(kind, step.messages)
        if message.native:
            return self._pages(message)
        if message.plain:
            return self._plain(message)
        if not self.ports.chat.threads:
            return self.posts.post(self._alone(message, threads=False)) if message.has_text else Done()
        if not message.thread:
            return self.posts.post(self._alone(message))
        return self._reply(message) if message.has_text else self._refresh(message)

    def _alone(self, message: Message, *, threads: bool = True) -> Page:
        return pages(parts_of(message, self.ports, threads=threads))[0]  # a message has a maximum size

    def _reply(self, message: Message) -> Answer:
        """Post into the lineage's thread; where there is no card yet, post it first."""
        root = self.posts.root(message.thread)
        if root is None:
            answer = self._begin(message.thread)
            if not (isinstance(answer, Done) or goes_without_card(message, answer, self.ports.clock.now())):
                return answer
            root = self.posts.root(message.thread)  # None where Slack refuses the card: the message is posted without it
        answer = self.posts.post(self._alone(message), thread_ts=root.ts if root else "")
        if lost_its_thread(answer):
            begun = self._begin(message.thread)  # the card was deleted
            if not (isinstance(begun, Done) or goes_without_card(message, begun, self.ports.clock.now())):
                return begun
            root = self.posts.root(message.thread) if isinstance(begun, Done) else None
            return self.posts.post(self._alone(message), thread_ts=root.ts if root else "")
        return answer

    def _refresh(self, message: Message) -> Answer:
        """Update the lineage's card, where there is one."""
        root = self.posts.root(message.thread)
        page = card_page(message.thread, self.ports) if root else None
        if root is None or page is None:
            return Done()
        answer = self.posts.update(root, page)
        return Done() if isinstance(answer, Refused) else answer  # deleted, or too old to edit

    def _begin(self, thread: str, page: Page | None = None) -> Answer:
        """Post the first message of a thread, and store its place."""
        page = page or card_page(thread, self.ports)
        return self.posts.remembered(thread, self.posts.post(page)) if page else Refused("the card could not be written")

    def _storm(self, kind: MessageKind, messages: Sequence[Message]) -> Answer:
        """Send many messages of a kind as one. The text of each is in its thread, in pages that replace them in the queue."""
        first, (head, *details) = messages[0], storm_pages(kind, messages, where_of(messages[0], self.ports))
        thread = STORM + first.key
        answer = self._begin(thread, head)
        if not isinstance(answer, Done):
            return answer
        pages_ = [
            Message(key=f"{thread}/{number:03d}", channel=self.channel, at=first.at, thread=thread, plain=page.json)
            for number, page in enumerate(details)
        ]
        for page in pages_:
            self.ports.outbox.put(page)
        self._out(messages)
        for page in pages_:  # sent now, so that no later message of these lineages is sent before them
            match self._plain(page):
                case Done():
                    self._out([page])
                case Later() as later:
                    self.rest = later
                    break  # the pages wait in the queue
                case WrongChannel():
                    break  # the next pass moves them to the default channel
                case Refused(why):
                    self._set_aside(page, why)
        return answer

    def _plain(self, message: Message) -> Answer:
        """Post a page of plain blocks as a reply in its thread, or as the thread's first message."""
        thread, page = message.thread if self.ports.chat.threads else "", page_of(message.plain)
        root = self.posts.root(thread) if thread else None
        answer = self.posts.post(page, thread_ts=root.ts) if root else None
        if thread and (answer is None or lost_its_thread(answer)):
            return self._begin(thread, page)
        return answer or self.posts.post(page)

    def _pages(self, message: Message) -> Answer:
        """Post a page with tables and charts; where the workspace refuses those, queue the pages of plain blocks instead."""
        since = self.ports.ledger.block_support.blocks_refused_at()
        now = self.ports.clock.now()
        if since is None or since < now - PLAIN_FOR:
            answer = self.posts.post_native(message)
            if isinstance(answer, WrongChannel) or not (isinstance(answer, Refused) and message.plain):
                return answer
            if "invalid_blocks" in answer.why:
                self.ports.ledger.block_support.note_blocks_refused(now)
        together = message.key.rpartition("/")[0]
        for number, page in enumerate(json.loads(message.plain)):  # the same for each page of a digest: queued once
            part = replace(message, key=f"{together}/plain/{number:03d}", native="", plain=page)
            self.ports.outbox.put(part)
        return Done()

    # ── a channel that refuses ───────────────────────────────────────────────────────────────────────────────────────────────

    def _move(self, messages: Iterable[Message], why: str) -> bool:
        """Move messages that this channel refuses to the default channel. False where this is the default channel: there they
        stay, and are tried each hour.
        """
        default = self.ports.policies.current().channel
        if self.channel == default:
            return False
        for message in messages:
            if message.has_text or message.plain or message.native:
                key = f"{message.key}@{default}"
                moved = replace(message, key=key, channel=default, refused_by=self.channel, refused_why=why)
                self.ports.outbox.put(moved)  # before it is removed here: a crash in between repeats it and never loses it
            self.ports.outbox.sent(message)
        return True
