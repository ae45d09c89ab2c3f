"""Answers ``/spot …`` in Slack, for the one who typed it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

from controller.ledger.entry import Started
from controller.notifications.block_kit import pages
from controller.notifications.card import card, money_text
from controller.notifications.message_text import bold, halted_text, person
from controller.notifications.mrkdwn import code, escaped, when
from controller.notifications.parts import Part, Text
from controller.notifications.period_sentence import sentence
from controller.runtime.ports import Unreachable
from controller.runtime.slack_interactions import Answer, SlackPorts
from controller.savings.report import By, report_of
from controller.units.calendar import month_start

HELP = (
    "`/spot savings [team] [2026-10]`: what spot saved. Default: all teams, this month",
    "`/spot job NAME`: the state of a training job",
    "`/spot waivers`: the waivers in force",
    "`/spot help`: this list",
)


def command(text: str, ports: SlackPorts) -> Answer:
    """Answer a slash command, for the one who typed it."""
    word, *rest = text.split() or ["help"]
    try:
        parts = COMMANDS.get(word, _unknown)(ports, *([word] if word not in COMMANDS else []), *rest)
    except Unreachable:
        parts = (Text("AWS did not answer in time. Try again."),)
    page = pages(parts)[0]
    return {"response_type": "ephemeral", "text": page.text, "blocks": list(page.blocks)}


def _help(ports: SlackPorts, *_: str) -> tuple[Part, ...]:
    halt = ports.ledger.halt()
    return (Text("\n".join(HELP)), *((Text(f":octagonal_sign: Spotwarden is {halted_text(halt)}"),) if halt else ()))


def _unknown(ports: SlackPorts, word: str, *_: str) -> tuple[Part, ...]:
    return (Text(f"Unknown command {code(word)}. Available commands:"), *_help(ports))


def _savings(ports: SlackPorts, *words: str) -> tuple[Part, ...]:
    """From closed days alone: rolling up an open day takes longer than Slack waits."""
    today = ports.clock.now().date()
    since, until, team = month_start(today), today, ""
    for word in words:
        month = _month(word)
        if month is None and word[:1].isdigit():
            return (Text(f"{code(word)} is not a month. Write it as {code(f'{today:%Y-%m}')}."),)
        if month is None:
            team = word
        else:
            since, until = month, month_start(month + timedelta(days=31))
    days = dict(ports.ledger.rollups(since - (until - since), until))
    report = report_of(days, since, until, by=By.TEAM, teams=[team] if team else ())
    whose = f", team {escaped(team)}" if team else ""
    head = f"*{since:%B %Y}*{whose}, completed days only. {sentence(report)}"
    lines = [f"• {escaped(line.name)}: {money_text(line.savings)}" for line in report.lines[:10]]
    return (Text("\n".join((head, *lines))),)


def _month(word: str) -> date | None:
    try:
        return datetime.strptime(word, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def _job(ports: SlackPorts, *words: str) -> tuple[Part, ...]:
    if len(words) != 1:
        return (Text("Add the name of a job: `/spot job NAME`"),)
    found = ports.lineage_named(words[0])
    if found is None:
        return (Text(f"SageMaker has no training job {bold(words[0])} in this account and region."),)
    lineage = ports.ledger.load(found)
    if not any(isinstance(e, Started) for e in lineage.entries):
        return (Text(f"{bold(words[0])} is not in the ledger yet."),)
    return card(lineage, ports.policies.current(), ports.clock.now())


def _waivers(ports: SlackPorts, *_: str) -> tuple[Part, ...]:
    told = [
        f"• {escaped(w.policy)} for {bold(w.job)} until {when(w.until)}: {escaped(w.reason)}"
        f" ({escaped(w.ticket)}, {person(w.who)})"
        for w in ports.ledger.waivers(ports.clock.now())
    ]
    return (Text("\n".join(told) or "No waiver is in force."),)


COMMANDS: Mapping[str, Callable[..., tuple[Part, ...]]] = {"help": _help, "savings": _savings, "job": _job, "waivers": _waivers}
