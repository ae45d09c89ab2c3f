"""``spotwarden status``: what waits and what is overdue in an installation. It reads only the ledger, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from controller.cli.input.options import Format, OutputFormat, Table
from controller.cli.open_ledger import with_outbox
from controller.cli.output.printable import json_text, printable
from controller.ledger.halt import Halt
from controller.ledger.lineage_id import LineageId
from controller.notifications.messages.text import halted
from controller.runtime.ports.aws import Clock
from controller.runtime.ports.ledger import FailingTrigger, Ledger
from controller.runtime.ports.outbox import Message, Outbox
from controller.runtime.ports.policy import RevisionInForce
from controller.units.duration import span
from controller.units.free_text import one_line
from controller.units.plural import count

READ_MAX = 1000  # messages that are read of each channel, and overdue intents
SHOWN_MAX = 20  # lines of each list on a terminal; JSON has all
TEXT_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The messages that wait for a channel: their number, and the age of the oldest in seconds."""

    channel: str
    waiting: int
    oldest_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A message that Slack refused in every form. ``what``: its kind or its topic; ``why``: Slack's error."""

    channel: str
    at: datetime
    what: str
    job: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the ledger contains now. ``overdue``: number of overdue intents, up to READ_MAX; ``overdue_s``: age of the oldest."""

    halt: Halt | None
    policy: RevisionInForce | None
    overdue: int
    overdue_s: int
    failing: tuple[FailingTrigger, ...]
    queues: tuple[Queue, ...]
    aside: tuple[Aside, ...]


def run(format_: Format = OutputFormat.TEXT, table: Table = None) -> int:
    """Print the status."""

    def looking(ledger: Ledger, outbox: Outbox, clock: Clock) -> int:
        now = clock.now()
        found = status_of(ledger, outbox, now)
        print(json_text(as_json(found), indent=2) if format_ is OutputFormat.JSON else as_text(found, now))
        return 0

    return with_outbox(table, looking)


def status_of(ledger: Ledger, outbox: Outbox, now: datetime) -> Status:
    """Read the status. Raises Unreachable."""
    overdue = ledger.due.overdue(now, READ_MAX)
    return Status(
        halt=ledger.halts.halt(),
        policy=ledger.revisions.current(),
        overdue=len(overdue),
        overdue_s=max((_age_s(one.trigger_at, now) for one in overdue), default=0),
        failing=tuple(sorted(ledger.due.failing(), key=lambda one: (one.since, one.job, one.key))),
        queues=tuple(_queue(channel, outbox.waiting(channel, READ_MAX), now) for channel in outbox.channels()),
        aside=tuple(_aside(message) for message in outbox.aside()),
    )


def _queue(channel: str, waiting: Iterable[Message], now: datetime) -> Queue:
    ages = [_age_s(message.at, now) for message in waiting]
    return Queue(channel=channel, waiting=len(ages), oldest_s=max(ages, default=0))


def _age_s(at: datetime, now: datetime) -> int:
    return max(int((now - at).total_seconds()), 0)


def _aside(message: Message) -> Aside:
    lineage = LineageId.parse(message.thread)
    what = message.kind.value if message.kind is not None else message.topic or message.key.partition("/")[0]
    return Aside(
        channel=message.channel, at=message.at, what=what, job=lineage.root if lineage else None, why=message.refused_why
    )  # fmt: skip


def as_json(status: Status) -> Mapping[str, Any]:
    """The status for programs; times are ISO 8601 in UTC."""
    return {
        "halt": _plain(asdict(status.halt)) if status.halt else None,
        "policy": _plain(asdict(status.policy)) if status.policy else None,
        "overdue": {"count": status.overdue, "oldest_s": status.overdue_s},
        "failing": [{"job": one.job, "since": one.since.isoformat(), "problem": one.problem} for one in status.failing],
        "waiting": [asdict(queue) for queue in status.queues],
        "set_aside": [_plain(asdict(one)) for one in status.aside],
    }


def _plain(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in members.items()}


def as_text(status: Status, now: datetime) -> str:
    """The status for a terminal."""
    return "\n".join(map(printable, _lines(status, now)))


def _lines(status: Status, now: datetime) -> Iterable[str]:
    policy = status.policy
    yield f"halt       {halted(status.halt) + '; spotwarden resume ends it' if status.halt else 'none'}"
    yield f"policy     {f'revision {policy.revision}, in force since {_time(policy.since)}' if policy else 'none was used yet'}"
    due = f"{_counted(status.overdue, 'intent')} due, the oldest for {span(status.overdue_s)}"
    yield f"work       {due if status.overdue else 'nothing is overdue'}"
    if status.failing:
        yield f"failing    {_counted(len(status.failing), 'trigger')}; each is tried again every five minutes"
    yield from _first_lines(
        [f"  {one.job} since {_time(one.since)}: {one_line(one.problem, TEXT_MAX)}" for one in status.failing]
    )
    yield f"messages   {'these channels have messages that wait' if status.queues else 'none wait'}"
    width = max((len(queue.channel) for queue in status.queues), default=0)
    for queue in status.queues:
        yield f"  {queue.channel:<{width}}  {_counted(queue.waiting, 'message')}, the oldest for {span(queue.oldest_s)}"
    again = f"{_counted(len(status.aside), 'message')}; spotwarden redrive queues them again"
    yield f"set aside  {again if status.aside else 'none'}"
    yield from _first_lines([f"  {_aside_line(one)}: {one_line(one.why, TEXT_MAX)}" for one in status.aside])


def _aside_line(one: Aside) -> str:
    job = f" of {one.job}" if one.job else ""
    return f"{one_line(one.channel, TEXT_MAX)}  {_time(one.at)}  {one_line(one.what, TEXT_MAX)}{job}"


def _first_lines(lines: list[str]) -> Iterable[str]:
    yield from lines[:SHOWN_MAX]
    if len(lines) > SHOWN_MAX:
        yield f"  and {len(lines) - SHOWN_MAX} more; --format json has all"


def _counted(number: int, noun: str) -> str:
    """A number and its noun, with "at least" if reading stopped at READ_MAX."""
    at_least = "at least " if number >= READ_MAX else ""
    return f"{at_least}{count(number, noun)}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
