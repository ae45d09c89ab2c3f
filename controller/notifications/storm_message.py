"""One message for many of a kind: a pool that is reclaimed interrupts two hundred jobs, and people read one line about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controller.ledger.message_kind import MessageKind
from controller.notifications.message_text import MessageText, bold, mention_of
from controller.notifications.messages import row_of
from controller.notifications.parts import Part, Small, Text

NAMED = 10
MENTIONED = 20


def storm_head(kind: MessageKind, names: Sequence[str], mentions: Iterable[str]) -> tuple[Part, ...]:
    """How many jobs, which, what a person does about them, and whom it concerns."""
    row = row_of(kind)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    text = f":cloud_with_lightning: *{len(names)} jobs {row.many}*: {', '.join(map(bold, names[:NAMED]))}{more}"
    who = " ".join(map(mention_of, sorted(set(filter(None, mentions)))[:MENTIONED]))
    head: list[Part] = [Text(f"{text}\n{row.todo}" if row.todo else text)]
    return (*head, *((Text(who),) if who else ()), Small("Details of each job are in the thread."))


def storm_details(texts: Iterable[MessageText]) -> tuple[Part, ...]:
    """What the thread says of each job."""
    return tuple(Text(text.body) for text in texts)
