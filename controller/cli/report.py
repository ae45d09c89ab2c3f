"""``spotwarden report``: what spot training cost, saved, wasted and missed in a period."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from difflib import get_close_matches
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.errors import BadInput
from controller.cli.ledger import with_ledger
from controller.cli.options import PeriodText, Table
from controller.cli.output_file import write_output
from controller.cli.period import period_of, refuse_bad_period
from controller.cli.policy_source import PolicyFolder, policy_document
from controller.policy.compiled import agreed_rates
from controller.runtime.ports import Clock, Ledger
from controller.runtime.read_days import rollups_of_days
from controller.savings.report import By, Origin, Report, first_day_needed, report_of
from controller.savings.rollup import Rollup

YEAR = timedelta(days=366)


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
    policies: PolicyFolder = None,
    table: Table = None,
) -> int:
    """Print the report, or write it to a file."""

    refuse_bad_period(period)

    def reporting(ledger: Ledger, clock: Clock) -> int:
        from controller.aws.prices import Prices

        since, until = period_of(period, clock.now().date())
        agreed = agreed_rates(policy_document(policies)[0])
        prices = Prices(ledger.prices.rates, lambda: agreed)
        days = rollups_of_days(ledger, first_day_needed(since, until), until, prices.rate)
        _refuse_unknown_teams(team or [], days, ledger, until)
        text = _writer(format_)(report_of(days, since, until, by=by, teams=team or [], origin=_origin(ledger, clock)))
        if out:
            write_output(out, text)
            print(f"{out}: {since} to {until}, {len(text.encode())} bytes")
        else:
            print(text, end="")
        return 0

    return with_ledger(table, reporting)


def _refuse_unknown_teams(teams: list[str], days: Mapping[date, Rollup], ledger: Ledger, until: date) -> None:
    """Refuse a team that had no job in the period and none in the year before. Raises BadInput."""
    unseen = set(teams) - _teams(days.values())
    if not unseen:
        return
    year = [rollup for _, rollup in ledger.days.rollups(until - YEAR, until)]
    known = _teams([*year, *days.values()])
    for team in sorted(unseen - known):
        near = get_close_matches(team, known, n=1)
        listed = ", ".join(sorted(known)[:10]) + (", …" if len(known) > 10 else "") if known else "none had a job"
        meant = f"; did you mean {near[0]}?" if near else ""
        raise BadInput(f"--team: found {team!r}, wanted a team with a job in the last year ({listed}){meant}")


def _teams(rollups: Iterable[Rollup]) -> set[str]:
    return {group.team for rollup in rollups for group in rollup.groups}


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
