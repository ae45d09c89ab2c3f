"""Decides what is sent in which order: which channel comes first, and how the waiting messages of a channel are grouped.

Many messages of one kind become one, a storm message; several updates of one card become one update.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from controller.ledger.messages.kind import MessageKind
from controller.notifications.block_kit import Page, pages
from controller.notifications.messages.storm import storm_details, storm_head
from controller.notifications.messages.text import policy_text
from controller.policy.sns_topic import is_topic
from controller.runtime.ports.answers import Answer, Refused
from controller.runtime.ports.outbox import Message
from controller.runtime.timeouts import LATE, first_in_turn
from controller.units.value import dataclass

BATCH = 500  # messages of a channel that are looked at in one pass
# What making a text raises for a stored row that this version cannot read.
UNMADE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
HELD = timedelta(hours=6)  # how long the messages of a card wait behind one of them that gets no answer
STORM = "storm/"  # the beginning of the thread of a storm message
STORM_SIZE = 10  # messages of one kind that wait in one channel at once


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent together: one message, or many of one kind."""

    messages: tuple[Message, ...]


def in_turn(channels: list[str], now: datetime) -> list[str]:
    """The channels in the order of this minute's pass. Another one comes first each minute: while Slack is slow, the last ones
    get no time.

    SNS topics come before Slack's channels: they can be sent to even where Slack's secret cannot be read.
    """
    first = int(now.timestamp() // 60) % max(len(channels), 1)
    return sorted(channels[first:] + channels[:first], key=is_topic, reverse=True)


def batches(waiting: Sequence[Message]) -> list[Batch]:
    """Group the messages of a queue into steps, in order. Several updates of one card are one step, in the place of the first.

    Messages of one lineage keep their order: a message becomes part of a storm message only where no older one of its lineage
    waits.
    """
    kinds = Counter(kind_of(message) for message in waiting if _stormy(message))
    storms = {kind for kind, count in kinds.items() if count >= STORM_SIZE}
    made: list[list[Message]] = []
    of_kind: dict[MessageKind, list[Message]] = {}
    of_card: dict[str, list[Message]] = {}
    before: set[str] = set()
    for message in waiting:
        kind = kind_of(message)
        if message.thread and not message.has_text and not message.plain:
            together = of_card.get(message.thread)
            if together is None:
                together = of_card[message.thread] = []
                made.append(together)
            together.append(message)
            continue
        if kind is not None and kind in storms and _stormy(message) and message.thread not in before:
            if kind not in of_kind:
                of_kind[kind] = []
                made.append(of_kind[kind])
            of_kind[kind].append(message)
            before.add(message.thread)
            continue
        before.add(message.thread)
        made.append([message])
    return [Batch(tuple(messages)) for messages in made]


def rotated(steps: Sequence[Batch], now: datetime) -> list[Batch]:
    """The steps in the order of this minute's pass. Another one of those that have waited for an hour comes first each minute,
    because a step that gets no answer may take all the time.

    Steps of one lineage keep their order. Pages of a storm message concern many jobs, and come first for six hours.
    """
    storms = [step for step in steps if _is_of_storm(step) and step.messages[0].at >= now - HELD]
    steps = [step for step in steps if step not in storms]
    late = sum(step.messages[0].at < now - LATE for step in steps)
    first = first_in_turn(late, now)
    before = {message.thread for step in steps[:first] for message in step.messages} - {""}
    others, then = [], list(steps[:first])
    for step in steps[first:]:
        threads = {message.thread for message in step.messages} - {""}
        if threads & before:
            before |= threads
            then.append(step)
        else:
            others.append(step)
    return storms + others + then


def _is_of_storm(step: Batch) -> bool:
    return step.messages[0].thread.startswith(STORM)


def split(step: Batch, channel: str, *, refused: bool = False) -> list[Batch]:
    """Split a step, to find the message that is not accepted; empty where it cannot be split.

    For a topic it is split into halves, because each part that SNS accepts is an email; for Slack into single messages. Updates
    of one card are split only where Slack ``refused`` them.
    """
    messages, topic = step.messages, is_topic(channel)
    if len(messages) == 1 or not (refused or topic or len({message.thread for message in messages}) > 1):
        return []
    size = (len(messages) + 1) // 2 if topic else 1
    return [Batch(messages[start : start + size]) for start in range(0, len(messages), size)]


def send_step(send: Callable[[Batch], Answer], step: Batch) -> Answer:
    """Send a step. Refused where its text cannot be made, so that it does not block other messages."""
    try:
        return send(step)
    except UNMADE as problem:
        return Refused(f"the text of the message could not be written ({type(problem).__name__})")


def storm_pages(kind: MessageKind, messages: Sequence[Message], where: str, *, threads: bool = True) -> tuple[Page, ...]:
    """The pages of a storm message: one with the number, the names and ``where`` (account and region), then the text of each.

    ``threads`` says whether the later pages can be posted in a thread of the first.
    """
    names = [message.thread.split("/")[2] if message.thread.count("/") >= 3 else message.key for message in messages]
    mentions = (message.mention for message in messages if threads)
    under = [policy_text(message.revision, message.mode) for message in messages]
    head = storm_head(kind, names, mentions, where, under, threads=threads)
    told = ((message.text(), message.mention if threads else "") for message in messages)
    return (*pages(head), *pages(storm_details(told)))


def _stormy(message: Message) -> bool:
    return message.has_text and bool(message.thread) and kind_of(message) is not None


def kind_of(message: Message) -> MessageKind | None:
    """The kind of a message. A message that was stored before messages had kinds has it in its topic."""
    word = message.topic.partition("/")[0]
    return message.kind or (MessageKind(word) if word in set(MessageKind) else None)
