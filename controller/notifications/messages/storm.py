"""One message in place of many messages of one kind: lost capacity of one pool may interrupt 200 jobs at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controller.ledger.messages.kind import MessageKind
from controller.notifications.messages.catalogue import row_of
from controller.notifications.messages.text import IN_THREAD, MessageText, bold, mention_of
from controller.notifications.parts import Part, Small, Text
from controller.units.plural import count

NAMED = 10
MENTIONED = 20
POLICIES_NAMED = 3


def storm_head(
    kind: MessageKind,
    names: Sequence[str],
    mentions: Iterable[str],
    where: str = "",
    under: Iterable[str] = (),
    *,
    threads: bool = True,
) -> tuple[Part, ...]:
    """The number of jobs, their names, what a person can do, and whom to notify.

    ``mentions`` are ids of Slack users and user groups. ``under`` are the modes and policies of the jobs. ``threads``: the
    details are in a thread; else they follow below.
    """
    row = row_of(kind)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    text = f":cloud_with_lightning: *{count(len(names), 'job')} {row.many}*: {', '.join(map(bold, names[:NAMED]))}{more}"
    who = " ".join(map(mention_of, _of_head(mentions)))
    todo = row.todo if threads else row.todo.replace(IN_THREAD, "below")
    head: list[Part] = [Text(f"{text}\n{todo}" if todo else text)]
    details = f"Details of each job are {IN_THREAD if threads else 'below'}."
    return (
        *head,
        *((Text(who),) if who else ()),
        Small("\n".join(filter(None, (details, " · ".join(filter(None, (where, _policies_named(under)))))))),
    )


def _policies_named(policies: Iterable[str]) -> str:
    """The different modes and policies, or their number if there are too many. Nearly always, there is only one."""
    found = sorted(set(filter(None, policies)))
    return "; ".join(found) if len(found) <= POLICIES_NAMED else f"under {len(found)} different modes and policies"


def storm_details(texts: Iterable[tuple[MessageText, str]]) -> tuple[Part, ...]:
    """The details of each job. ``texts`` are pairs of a text and the id to notify, which is left out if the head mentions it."""
    told = tuple(texts)
    known = set(_of_head(who for _, who in told))
    return tuple(_details(told, known))


def _details(texts: Iterable[tuple[MessageText, str]], known: set[str]) -> Iterable[Part]:
    for text, who in texts:
        yield Text(f"{mention_of(who)} {text.body}" if who and who not in known else text.body)
        known.add(who)


def _of_head(mentions: Iterable[str]) -> list[str]:
    """The ids that the head of a storm message mentions."""
    return sorted(set(filter(None, mentions)))[:MENTIONED]
