"""Makes one message of many of a kind: a pool that is reclaimed interrupts two hundred jobs, and people read one line of that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.notifications.block_kit import Page, pages
from controller.notifications.parts import Part, Small, Text
from controller.runtime.ports import Message

STORM_SIZE = 10  # messages of one kind that wait in one channel at once
NAMED = 10
MENTIONED = 20

# By the first word of a topic: what so many jobs do.
KINDS: Mapping[str, str] = {
    "resubmitting": "are submitted again",
    "would-resubmit": "would be submitted again",
    "gave-up": "are not submitted again, and need a person",
    "flagged": "break a rule",
    "moving": "are being moved",
    "interrupted": "were interrupted",
    "finished": "are over",
    "vanished": "were deleted before their ending was booked",
    "no-estimate": "have a deadline and no estimate",
    "deadline-lost": "cannot meet their deadline any more",
}


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent together: a message, or a storm of them."""

    messages: tuple[Message, ...]


def batches(waiting: Sequence[Message]) -> list[Batch]:
    """The queue in steps, in order. Messages of one lineage never overtake each other: who has something older waiting is not
    drawn into a storm. Of several updates of one card the last is made, in the place of the first."""
    kinds = Counter(_kind(message) for message in waiting if _stormy(message))
    storms = {kind for kind, count in kinds.items() if count >= STORM_SIZE}
    made: list[list[Message]] = []
    of_kind: dict[str, list[Message]] = {}
    of_card: dict[str, list[Message]] = {}
    before: set[str] = set()
    for message in waiting:
        kind = _kind(message)
        if message.thread and not message.words and not message.plain:
            together = of_card.get(message.thread)
            if together is None:
                together = of_card[message.thread] = []
                made.append(together)
            together.append(message)
            continue
        if kind in storms and _stormy(message) and message.thread not in before:
            if kind not in of_kind:
                of_kind[kind] = []
                made.append(of_kind[kind])
            of_kind[kind].append(message)
            before.add(message.thread)
            continue
        before.add(message.thread)
        made.append([message])
    return [Batch(tuple(messages)) for messages in made]


def storm_pages(messages: Sequence[Message]) -> tuple[Page, ...]:
    """One message that says how many and which, then pages for its thread with all that was to be said of each."""
    kind = _kind(messages[0])
    names = [message.thread.split("/")[2] if message.thread.count("/") >= 3 else message.key for message in messages]
    told = ", ".join(f"*{_harmless(name)}*" for name in names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    who = " ".join(sorted({message.mention for message in messages if message.mention})[:MENTIONED])
    head: list[Part] = [Text(f":cloud_with_lightning: *{len(names)} jobs {KINDS.get(kind, kind)}* at once: {told}{more}")]
    head += [Small(who)] if who else []
    head.append(Small("What there is to say of each is in the thread."))
    return (*pages(head), *pages(_details(messages)))


def _details(messages: Iterable[Message]) -> Iterable[Part]:
    return (Text("\n".join(line for line in message.words if line)) for message in messages)


def _stormy(message: Message) -> bool:
    return bool(message.words and message.thread and message.topic)


def _kind(message: Message) -> str:
    return message.topic.partition("/")[0]


def _harmless(name: str) -> str:
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
