"""``spotwarden report``: what spot training cost, saved, wasted and missed in a period."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, NamedTuple, Protocol

import typer

from controller.cli.agreed_rates import rates_in_force
from controller.cli.input.options import PeriodText, Table
from controller.cli.input.period import period_of, refuse_bad_period
from controller.cli.input.policy_source import PolicyFolder
from controller.cli.open_ledger import with_ledger
from controller.cli.output.errors import BadInput
from controller.cli.output.output_file import refuse_unwritable, write_output
from controller.cli.output.printable import printable_lines
from controller.policy.agreed_rate import AgreedRate
from controller.runtime.digests.read_days import ReportSource, rollups_of_days
from controller.runtime.ports.aws import Clock
from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.policy import Revisions
from controller.savings.report import By, Origin, Report, first_day_needed, report_of_ledgers
from controller.savings.rollup import Rollup
from controller.units.money import Rate

YEAR = timedelta(days=366)
NAMED_MAX = 3


class ReportFormat(StrEnum):
    """The format of a report; each has a module in ``controller.notifications.report_formats``."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


def run(
    period: PeriodText = None,
    by: Annotated[By, typer.Option("--by", help="What each line of the report is about.")] = By.TEAM,
    team: Annotated[list[str] | None, typer.Option("--team", metavar="TEAM", help="Only this team. Can be repeated.")] = None,
    format_: Annotated[ReportFormat, typer.Option("--format", help="The format of the report.")] = ReportFormat.TEXT,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write to this file, not standard output.")] = None,
    policies: PolicyFolder = None,
    ledger: Annotated[
        list[Path] | None,
        typer.Option("--ledger", metavar="FILE", help="Read this export of a ledger, not the table. More files may follow."),
    ] = None,
    more: Annotated[list[Path] | None, typer.Argument(metavar="FILE", help="More exports, after --ledger FILE.")] = None,
    table: Table = None,
) -> int:
    """Print the report, or write it to a file."""
    refuse_bad_period(period)
    refuse_unwritable(out)
    if more and not ledger:
        raise BadInput(f"found {str(more[0])!r}, wanted --ledger before the files of exports")
    options = _Options(period, by, tuple(team or ()), format_, out, policies)
    if ledger:
        return _of_exports([*ledger, *(more or [])], options)
    return with_ledger(table, lambda ledger, clock: _of_table(ledger, clock, options))


class _Options(NamedTuple):
    """The options that reports from a table and from exports use."""

    period: str | None
    by: By
    teams: tuple[str, ...]
    format: ReportFormat
    out: Path | None
    policies: str | None


def _of_table(ledger: Ledger, clock: Clock, options: _Options) -> int:
    origin = _origin(ledger, clock)
    return _write([ReadLedger(f"{origin.account} {origin.region}".strip(), ledger)], origin, options)


def _of_exports(files: Sequence[Path], options: _Options) -> int:
    from controller import wiring
    from controller.cli.ledger_data.exported import ledgers_of

    exported = ledgers_of(files)
    accounts, regions = ({place[part] for one in exported for place in one.places} for part in (0, 1))
    in_force = {one.revision for ledger in exported if (one := ledger.revisions.current()) is not None}
    policy = min(in_force) if len(in_force) == 1 else ""  # with several policies in force, the report names none
    if len(accounts) == 1:
        account, region = min(accounts), _listed(regions, "regions")
    else:
        account, region = "", f"{_listed(accounts, 'accounts')} · {_listed(regions, 'regions')}" if accounts else ""
    origin = Origin(made_at=wiring.clock().now(), account=account, region=region, policy=policy)
    return _write([ReadLedger(one.name, one) for one in exported], origin, options)


def _write(ledgers: Sequence[ReadLedger], origin: Origin, options: _Options) -> int:
    since, until = period_of(options.period, origin.made_at.date())
    found = {one.name: _days(one.of, since, until, rates_in_force(one.of.revisions, options.policies)) for one in ledgers}
    _refuse_unknown_teams(options.teams, found.values(), [one.of for one in ledgers], until)
    text = _writer(options.format)(report_of_ledgers(found, since, until, by=options.by, teams=options.teams, origin=origin))
    if options.out:
        write_output(options.out, text)
        print(f"{options.out}: {since} to {until}, {len(text.encode())} bytes")
    else:
        print(printable_lines(text) if options.format is ReportFormat.TEXT else text, end="")
    return 0


class Source(ReportSource, Protocol):
    """What a report reads from one ledger."""

    @property
    def prices(self) -> StoredRates: ...

    @property
    def revisions(self) -> Revisions: ...


class StoredRates(Protocol):
    def rates(self, region: str) -> Mapping[str, tuple[Rate, ...]]:
        """The prices of a region."""


class ReadLedger(NamedTuple):
    """A ledger, and its name in the report."""

    name: str
    of: Source


def _listed(names: Collection[str], kind: str) -> str:
    """The names, or their number if there are more than NAMED_MAX."""
    return ", ".join(sorted(names)) if len(names) <= NAMED_MAX else f"{len(names)} {kind}"


def _days(ledger: Source, since: date, until: date, agreed: Sequence[AgreedRate]) -> dict[date, Rollup]:
    from controller.aws.price_lookup import Prices

    return rollups_of_days(ledger, first_day_needed(since, until), until, Prices(ledger.prices.rates, lambda: agreed).rate)


def _refuse_unknown_teams(
    teams: Collection[str], found: Iterable[Mapping[date, Rollup]], ledgers: Iterable[Source], until: date
) -> None:
    """Raise BadInput for a team that had no job in the period, and none in the year before the period's end."""
    shown = [rollup for days in found for rollup in days.values()]
    unseen = set(teams) - _teams(shown)
    if not unseen:
        return
    year = [rollup for ledger in ledgers for _, rollup in ledger.days.rollups(until - YEAR, until)]
    known = _teams([*year, *shown])
    for team in sorted(unseen - known):
        near = get_close_matches(team, known, n=1)
        listed = ", ".join(sorted(known)[:10]) + (", …" if len(known) > 10 else "") if known else "none had a job"
        meant = f"; did you mean {near[0]}?" if near else ""
        raise BadInput(f"--team: found {team!r}, wanted a team with a job in the last year ({listed}){meant}")


def _teams(rollups: Iterable[Rollup]) -> set[str]:
    return {group.team for rollup in rollups for group in rollup.groups}


def _origin(ledger: Ledger, clock: Clock) -> Origin:
    """Where and when the report is made. The account is empty if STS does not answer."""
    from controller import wiring
    from controller.cli.aws_calls import caller_account

    region, account = wiring.region(), caller_account()
    billed, in_force = ledger.prices.billed_until(region), ledger.revisions.current()
    return Origin(
        made_at=clock.now(), account=account, region=region, billed_until=billed.date() if billed else None,
        policy=in_force.revision if in_force else "",
    )  # fmt: skip


def _writer(name: ReportFormat) -> Callable[[Report], str]:
    """The function that writes a format. Imported on demand: the page needs a chart library."""
    module: Mapping[str, Callable[[Report], str]] = vars(import_module(f"controller.notifications.report_formats.as_{name}"))
    return module[f"as_{name}"]
