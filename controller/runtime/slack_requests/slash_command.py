"""Answers ``/spot …`` in Slack, only to the user who typed it. Every text gets a short answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from itertools import chain, islice

from controller.ledger.entry import Started
from controller.notifications.block_kit import pages
from controller.notifications.card import card, money_text
from controller.notifications.messages.text import bold, halted_text, policy_text, where_text
from controller.notifications.mrkdwn import code, escaped
from controller.notifications.parts import Part, Small, Text
from controller.notifications.period_sentence import sentence
from controller.notifications.waiver_lines import waived_line, waiver_line
from controller.policy.waiver import WaiverState
from controller.runtime.ports.answers import Unreachable
from controller.runtime.slack_requests.interactions import Answer, SlackPorts
from controller.runtime.slack_requests.permissions import refuses_to_read
from controller.savings.report import By, report_of
from controller.units.calendar import month_start, next_month_start
from controller.units.free_text import one_line

HELP = (
    "`/spot savings [team] [2026-10]`: what spot saved. Default: all teams, this month",
    "`/spot job NAME`: the state of a training job",
    "`/spot waivers`: the waivers in force",
    "`/spot help`: this list",
)
JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")  # SageMaker's TrainingJobName
JOB_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):([0-9]{12}):training-job/(.{1,63})")
MONTH = re.compile(r"([0-9]{4})-([0-9]{1,2})")
FIRST_YEAR = 2017  # SageMaker began
TEXT_MAX = 4_000
SHOWN = 60  # characters of what somebody typed
WAIVERS_MAX = 20
HELD_BACK = "The answer is longer than one message. `spotwarden report` has all of it."


def command(text: str, ports: SlackPorts, *, who: str = "") -> Answer:
    """Answer the ``text`` of a slash command. Returns the object that Slack gets back as JSON. ``who`` is a Slack user id."""
    word, *rest = one_line(text[:TEXT_MAX], TEXT_MAX).split() or ["help"]  # copied text may have invisible characters
    word = word.lower()
    try:
        refused = refuses_to_read(who, ports) if word != "help" else ""
        if refused:
            parts: tuple[Part, ...] = (Text(refused),)
        elif word == "help":
            parts = _help(ports, who)
        elif word in COMMANDS:
            parts = COMMANDS[word](ports, *rest)
        else:
            parts = (Text(f"Unknown command {_shown(word)}. Available commands:"), *_help(ports, who))
    except Unreachable as problem:
        ports.hide(problem)
        parts = (Text("AWS did not answer in time. Try again."),)
    first, *others = pages(parts)
    page = pages((*parts[:1], Small(HELD_BACK)))[0] if others else first
    return {"response_type": "ephemeral", "text": page.text, "blocks": list(page.blocks)}


def _shown(word: str) -> str:
    """What a user typed, shortened for an answer."""
    return code(one_line(word, SHOWN))


def _help(ports: SlackPorts, who: str) -> tuple[Part, ...]:
    """The list of commands; for a user who may read, also the halt, if there is one."""
    halt = None if refuses_to_read(who, ports) else ports.ledger.halts.halt()
    return (Text("\n".join(HELP)), *((Text(f":octagonal_sign: Spotwarden is {halted_text(halt)}"),) if halt else ()))


def _savings(ports: SlackPorts, *words: str) -> tuple[Part, ...]:
    """The savings of a month, from closed days only: rolling up an open day takes longer than Slack waits."""
    today = ports.clock.now().date()
    months, names = [word for word in words if word[:1].isdigit()], [word for word in words if not word[:1].isdigit()]
    since, until, team = month_start(today), today, " ".join(names)
    for word in months:
        month = _month(word)
        if month is None:
            return (Text(f"{_shown(word)} is not a month. Write it as {code(f'{today:%Y-%m}')}."),)
        if month > today:
            return (Text(f"{_shown(word)} is in the future."),)
        if month.year < FIRST_YEAR:
            return (Text(f"Spotwarden has no records for {_shown(word)}."),)
        since, until = month, next_month_start(month)
    if len(months) > 1:
        return (Text(f"Name one month, such as {code(f'{today:%Y-%m}')}."),)
    days = dict(ports.ledger.days.rollups(since - (until - since), until))
    report = report_of(days, since, until, by=By.TEAM, teams=[team] if team else ())
    whose = f", team {escaped(team, SHOWN)}" if team else ""
    head = f"*{since:%B %Y}*{whose}, completed days only. {sentence(report)}"
    lines = [f"• {escaped(line.name)}: {money_text(line.savings)}" for line in report.lines[:10]]
    return (Text("\n".join((head, *lines))), Small(policy_text(ports.policies.current().revision)))


def _month(word: str) -> date | None:
    """The first day of a month such as 2026-10; None for anything else."""
    found = MONTH.fullmatch(word)
    if found is None:
        return None
    year, month = int(found[1]), int(found[2])
    return date(year, month, 1) if year > 0 and 1 <= month <= 12 else None


def _job(ports: SlackPorts, *words: str) -> tuple[Part, ...]:
    if len(words) != 1:
        return (Text("Add the name of one job: `/spot job NAME`"),)
    typed = words[0].strip("`*_~\"'<>|,;“”„‘’‚«»")  # markup copied from a message; quotation marks as macOS writes them
    arn = JOB_ARN.fullmatch(typed)
    name = arn[3] if arn else typed
    if JOB_NAME.fullmatch(name) is None:
        return (Text(f"{_shown(words[0])} is not the name of a training job. Names have letters, digits and hyphens."),)
    found, names = ports.lineage_named(name), ports.policies.current().labels.accounts
    here = where_text(ports.home.account, ports.home.region, names) or "this account and region"
    if arn is not None and ports.home.account and (arn[1], arn[2]) != (ports.home.region, ports.home.account):
        return (Text(f"That job is in {where_text(arn[2], arn[1], names)}, but `/spot` here knows only jobs in {here}."),)
    if found is None or (arn is not None and (arn[1], arn[2]) != (found.region, found.account)):
        return (Text(f"SageMaker has no training job {bold(name)} in {here}."),)
    lineage = ports.ledger.lineages.load(found)
    if not any(isinstance(e, Started) for e in lineage.entries):
        return (Text(f"{bold(name)} is not in the ledger yet."),)
    return card(lineage, ports.policies.current(), ports.clock.now())


def _waivers(ports: SlackPorts, *_: str) -> tuple[Part, ...]:
    now, policy = ports.clock.now(), ports.policies.current()
    of_policy = (w for w in policy.waivers if w.state(now, policy.slack.waiver_s_max) is WaiverState.IN_FORCE)
    lines = chain(map(waiver_line, of_policy), map(waived_line, ports.ledger.waivers.in_force(now)))
    waivers = list(islice(lines, WAIVERS_MAX + 1))
    told = waivers[:WAIVERS_MAX]
    more = ["• … and more."] if len(waivers) > WAIVERS_MAX else []
    return (Text("\n".join((*told, *more)) or "No waiver is in force."), Small(policy_text(policy.revision)))


COMMANDS: Mapping[str, Callable[..., tuple[Part, ...]]] = {"savings": _savings, "job": _job, "waivers": _waivers}
