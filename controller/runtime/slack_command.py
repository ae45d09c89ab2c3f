"""Answers ``/spot …`` in Slack, for the one who typed it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

from controller.ledger.entry import Started
from controller.notifications.block_kit import pages
from controller.notifications.card import card, money_text
from controller.notifications.message_text import halted
from controller.notifications.mrkdwn import code, escaped, when
from controller.notifications.parts import Part, Text
from controller.notifications.period_sentence import sentence
from controller.runtime.ports import Unreachable
from controller.runtime.slack_interactions import Answer, SlackPorts
from controller.savings.report import By, report_of
from controller.units.calendar import month_start

HELP = (
    "`/spot savings [team] [2026-10]` what spot saved, by default of all teams and this month",
    "`/spot job NAME` where a training job stands",
    "`/spot waivers` the waivers in force",
    "`/spot help` this",
)


def command(text: str, desk: SlackPorts) -> Answer:
    """Answer a slash command, for the one who typed it."""
    word, *rest = text.split() or ["help"]
    try:
        parts = COMMANDS.get(word, _unknown)(desk, *([word] if word not in COMMANDS else []), *rest)
    except Unreachable:
        parts = (Text("AWS did not answer in time. Please ask again."),)
    page = pages(parts)[0]
    return {"response_type": "ephemeral", "text": page.text, "blocks": list(page.blocks)}


def _help(desk: SlackPorts, *_: str) -> tuple[Part, ...]:
    halt = desk.ledger.halt()
    return (Text("\n".join(HELP)), *((Text(f":octagonal_sign: Spotwarden is {escaped(halted(halt))}"),) if halt else ()))


def _unknown(desk: SlackPorts, word: str, *_: str) -> tuple[Part, ...]:
    return (Text(f"{code(word)} is no command of mine. What I know:"), *_help(desk))


def _savings(desk: SlackPorts, *words: str) -> tuple[Part, ...]:
    """From closed days alone: a day that is open takes longer to fold than Slack waits."""
    today = desk.clock.now().date()
    since, until, team = month_start(today), today, ""
    for word in words:
        month = _month(word)
        if month is None and word[:1].isdigit():
            return (Text(f"{code(word)} is no month: I know them as {code(f'{today:%Y-%m}')}."),)
        if month is None:
            team = word
        else:
            since, until = month, month_start(month + timedelta(days=31))
    days = dict(desk.ledger.rollups(since - (until - since), until))
    report = report_of(days, since, until, by=By.TEAM, teams=[team] if team else ())
    whose = f" of {code(team)}" if team else ""
    head = f"*{since:%B %Y}*{whose}, closed days only: {sentence(report)}"
    lines = [f"• {code(line.name)} {money_text(line.savings)}" for line in report.lines[:10]]
    return (Text("\n".join((head, *lines))),)


def _month(word: str) -> date | None:
    try:
        return datetime.strptime(word, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def _job(desk: SlackPorts, *words: str) -> tuple[Part, ...]:
    if len(words) != 1:
        return (Text("Which job? `/spot job NAME`"),)
    found = desk.lineage_named(words[0])
    if found is None:
        return (Text(f"SageMaker knows no training job {code(words[0])} here."),)
    lineage = desk.ledger.load(found)
    if not any(isinstance(e, Started) for e in lineage.entries):
        return (Text(f"{code(words[0])} is not in the ledger yet."),)
    return card(lineage, desk.policies.current(), desk.clock.now())


def _waivers(desk: SlackPorts, *_: str) -> tuple[Part, ...]:
    told = [
        f"• {code(w.policy)} for {code(w.job)} until {when(w.until)}: {escaped(w.reason)}"
        f" ({escaped(w.ticket)}, <@{escaped(w.who)}>)"
        for w in desk.ledger.waivers(desk.clock.now())
    ]
    return (Text("\n".join(told) or "No waiver is in force."),)


COMMANDS: Mapping[str, Callable[..., tuple[Part, ...]]] = {"help": _help, "savings": _savings, "job": _job, "waivers": _waivers}
