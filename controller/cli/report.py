"""``spotwarden report``: what spot saved, spent, wasted and missed in a period, outside Slack."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from controller.cli.ledger import add_table, with_ledger
from controller.cli.period import WANTED, period_of
from controller.runtime.ports import Clock, Ledger
from controller.runtime.read_days import rollups_of_days
from controller.savings.report import By, Report, report_of

HELP = "what spot saved, spent, wasted and missed in a period"
FORMATS = ("text", "json", "csv", "html")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--period", default="", metavar="PERIOD", help=f"{WANTED} (default: this month so far; days are UTC)")
    parser.add_argument("--by", choices=tuple(By), default=By.TEAM.value, help="what the lines are (default: team)")
    parser.add_argument("--team", action="append", default=[], metavar="TEAM", help="of this team alone; may be repeated")
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there instead of the terminal")
    add_table(parser)


def run(arguments: Namespace) -> int:
    def reporting(ledger: Ledger, clock: Clock) -> int:
        since, until = period_of(arguments.period, clock.now().date())
        days = rollups_of_days(ledger, since - (until - since), until)
        text = _format(arguments.format)(report_of(days, since, until, by=By(arguments.by), teams=arguments.team))
        if arguments.out:
            arguments.out.write_text(text, "utf-8")
            print(f"{arguments.out}: {since} to {until}, {len(text.encode())} bytes")
        else:
            print(text, end="")
        return 0

    return with_ledger("report", arguments, reporting)


def _format(name: str) -> Callable[[Report], str]:
    """Loaded when it is asked for: the page brings a chart library along."""
    made: Mapping[str, Callable[[Report], str]] = vars(import_module(f"controller.notifications.report_formats.as_{name}"))
    return made[f"as_{name}"]
