"""``spotwarden report``: what spot training cost, saved, wasted and missed in a period."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.ledger import with_ledger
from controller.cli.options import PeriodText, Table
from controller.cli.output_file import write_output
from controller.cli.period import period_of
from controller.runtime.ports import Clock, Ledger
from controller.runtime.read_days import rollups_of_days
from controller.savings.report import By, Origin, Report, first_day_needed, report_of


class ReportFormat(StrEnum):
    """How a report is written: a module of ``controller.notifications.report_formats`` each."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


def run(
    period: PeriodText = "",
    by: Annotated[By, typer.Option("--by", help="What each line of the report is.")] = By.TEAM,
    team: Annotated[list[str] | None, typer.Option("--team", metavar="TEAM", help="Only this team. Can be repeated.")] = None,
    format_: Annotated[ReportFormat, typer.Option("--format", help="The format of the report.")] = ReportFormat.TEXT,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write to this file, not standard output.")] = None,
    table: Table = None,
) -> int:
    """Print the report, or write it to a file."""

    def reporting(ledger: Ledger, clock: Clock) -> int:
        from controller.aws.prices import Prices

        since, until = period_of(period, clock.now().date())
        days = rollups_of_days(ledger, first_day_needed(since, until), until, Prices(ledger.prices.rates).rate)
        text = _writer(format_)(report_of(days, since, until, by=by, teams=team or [], origin=_origin(ledger, clock)))
        if out:
            write_output(out, text)
            print(f"{out}: {since} to {until}, {len(text.encode())} bytes")
        else:
            print(text, end="")
        return 0

    return with_ledger(table, reporting)


def _origin(ledger: Ledger, clock: Clock) -> Origin:
    """The account as AWS names it to the caller; without an answer the report does not name it."""
    from botocore.exceptions import BotoCoreError, ClientError

    from controller import wiring

    region = wiring.region()
    try:
        account = str(wiring.client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError):
        account = ""
    billed = ledger.prices.billed_until(region)
    return Origin(made_at=clock.now(), account=account, region=region, billed_until=billed.date() if billed else None)


def _writer(name: ReportFormat) -> Callable[[Report], str]:
    """The function that writes a format. Imported on demand: the page needs a chart library."""
    module: Mapping[str, Callable[[Report], str]] = vars(import_module(f"controller.notifications.report_formats.as_{name}"))
    return module[f"as_{name}"]
