"""Decides which messages are sent to an SNS topic together, and makes their text.

SNS suspends an email subscription that gets more than ten messages a second (SNS developer guide, "Email subscription setup").
So few messages are sent in a minute: a digest is one message, and many messages of one kind are one, with the text of each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from controller.notifications.block_kit import Page, page_of, pages
from controller.runtime.outbox.batches import UNMADE, Batch, kind_of, storm_pages
from controller.runtime.outbox.message_parts import parts_for_topic, where_of
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.outbox import Message

TOPIC_CALLS_MAX = 10  # messages per topic and pass
TOGETHER_MAX = 100_000  # characters of what is sent together; SNS accepts 256 kB


def topic_batches(steps: Iterable[Batch]) -> Iterator[Batch]:
    """The steps of a queue for a topic: the pages of one digest together, and as many messages of one kind as fit."""
    together: list[Message] = []
    for step in steps:
        first = step.messages[0]
        if together and not (_is_page(first) and first.thread and first.thread == together[0].thread):
            yield from _fitting(together)
            together = []
        if _is_page(first):
            together += step.messages
        else:
            yield from _fitting(step.messages)
    yield from _fitting(together)


def topic_page(step: Batch, ports: Ports) -> Page | None:
    """The page that a topic gets for a step; None for a step that only updates a card."""
    first = step.messages[0]
    if _is_page(first):
        return _joined(page for message in step.messages for page in _pages(message))
    if not first.has_text:
        return None
    kind = kind_of(first)
    if len(step.messages) > 1 and kind is not None:
        return _joined(storm_pages(kind, step.messages, where_of(first, ports), threads=False))
    return _joined(pages(parts_for_topic(first, ports)))


def _is_page(message: Message) -> bool:
    return bool(message.native or message.plain)


def _fitting(messages: Iterable[Message]) -> Iterator[Batch]:
    """Split the messages into batches that fit into one SNS message."""
    some: list[Message] = []
    used = 0
    for message in messages:
        length = _length(message)
        if some and used + length > TOGETHER_MAX:
            yield Batch(tuple(some))
            some, used = [], 0
        some.append(message)
        used += length
    if some:
        yield Batch(tuple(some))


def _length(message: Message) -> int:
    """The length of a message in characters; 0 where its text cannot be made, which is noticed when it is sent."""
    if _is_page(message):
        return len(message.plain) or len(message.native)
    try:
        return len(message.text().body) if message.has_text else 0
    except UNMADE:
        return 0


def _pages(message: Message) -> list[Page]:
    """The pages of a queued message without Slack's own tables and charts."""
    if not message.native:
        return [page_of(message.plain)]
    return [page_of(page) for page in json.loads(message.plain)] if message.plain else [page_of(message.native)]


def _joined(found: Iterable[Page]) -> Page:
    """One page with all blocks: a topic has no limit on their number."""
    whole = tuple(found)
    return Page(text="\n".join(page.text for page in whole), blocks=tuple(block for page in whole for block in page.blocks))
