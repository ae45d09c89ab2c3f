"""What is sent to an SNS topic together, and as which text.

SNS disables a mail subscription of a topic that gets more than ten messages a second in an account, so few are sent in a minute,
and each says more: a digest is one message, and so are many messages of one kind, with the text of each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from controller.notifications.block_kit import Page, page_of, pages
from controller.runtime.outbox.batches import UNMADE, Batch, kind_of, storm_pages
from controller.runtime.outbox.message_parts import parts_for_topic, where_of
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.outbox import Message

TOPIC_CALLS_MAX = 10  # a topic and pass
TOGETHER_MAX = 100_000  # characters of what is sent together; SNS takes 256 kB


def topic_batches(steps: Iterable[Batch]) -> Iterator[Batch]:
    """The steps of a queue for a topic: the pages of one digest together, and of many messages of a kind as many as fit."""
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
    """What a topic is told of a step; None of one that only brings a card up to date."""
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
    """The messages in batches that one message of SNS can hold."""
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
    """The characters of a message; nothing of one whose text cannot be made, which is found when it is sent."""
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
    """One page of all blocks: a topic has no limit of blocks."""
    whole = tuple(found)
    return Page(text="\n".join(page.text for page in whole), blocks=tuple(block for page in whole for block in page.blocks))
