"""A report as one HTML page to forward or to print on A4. It loads nothing from the network and runs no script.

The template is ``data/report.html``; Jinja2 escapes the values in it. pygal draws the charts as SVG. The figures of each chart
are also in a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from controller.notifications.console_links import console_url
from controller.notifications.period_sentence import outcome_text, refused_items, sentence
from controller.notifications.report_formats.charts import bars
from controller.notifications.report_formats.charts import lines as lines_of
from controller.notifications.report_formats.shared import (
    basis_text,
    deadlines,
    forecast_line,
    incomplete,
    origin_text,
    per_100_hours,
    shown,
    title,
    trend_texts,
)
from controller.notifications.top_jobs import HEAD, moved
from controller.savings.report import Line, Report
from controller.savings.rollup import Mover
from controller.units.money import DOLLAR, about_dollars, dollars, percent
from controller.units.plural import count, times
from controller.units.value import dataclass

BARS_MAX = 12  # more bars cannot be distinguished; the table has every line
MOVERS_SHOWN = 6  # of each team
COLUMNS = ("Saved", "% saved", "Spent", "On-demand", "Wasted", "Missed", "AWS's %", "Attempts")
PAGES = Environment(
    loader=PackageLoader("controller", "data"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure at the top of the page."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; the first cell of each row is its heading."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart, its description for screen readers, and a table of its figures if no other table has them."""

    title: str
    description: str
    svg: Markup
    table: Table | None = None


def as_html(report: Report) -> str:
    """The HTML page."""
    lines = [_row(line) for line in (*report.lines, report.total)]
    return PAGES.get_template("report.html").render(
        title=title(report),
        sentence=_strong(sentence(report)),
        loss=report.total.savings.saved_micros < 0,
        tiles=_tiles(report),
        figures=tuple(_figures(report)),
        tables=(
            Table(caption=f"By {report.by}", columns=(str(report.by).capitalize(), *COLUMNS), rows=lines),
            *_trend(report),
            *_counts(report),
        ),
        origin=origin_text(report),
        movers=_movers(report),
        moved_head=HEAD,
        moved=[(shown(one.job), console_url(one.region, one.job), shown(one.team), text) for one, text in moved(report)],
        notes=[note for note in (forecast_line(report), deadlines(report), incomplete(report), basis_text(report)) if note],
        own_cost=about_dollars(report.own_cost_micros),
    )


def _strong(text: str) -> list[tuple[str, bool]]:
    """The parts of a text, each with whether it was between asterisks and is bold."""
    return [(part, number % 2 == 1) for number, part in enumerate(text.split("*"))]


def _tiles(report: Report) -> tuple[Tile, ...]:
    one, missed = report.total.savings, report.total.missed_micros
    return (
        Tile(name="Saved", value=dollars(one.saved_micros), note=f"{percent(one.saved_percent)} of on-demand"),
        Tile(name="Spent", value=dollars(one.spent_micros), note=f"on {count(one.attempts, 'attempt')}"),
        Tile(name="Wasted", value=dollars(one.wasted_micros), note="on work that was lost"),
        Tile(name="Missed", value=dollars(missed), note=f"{count(one.movable, 'job')} began on-demand"),
    )


def _figures(report: Report) -> Iterable[Figure]:
    lines = report.lines[:BARS_MAX]
    if len(lines) > 1:
        yield Figure(
            title=f"Saved, spent and wasted by {report.by}",
            description="bar chart; the table below has its figures",
            svg=bars([shown(line.name) for line in lines], _series(lines)),
        )
    if len(report.days) > 1:
        series = (
            ("Saved", [savings.saved_micros / DOLLAR for _, savings in report.days]),
            ("Spent", [savings.spent_micros / DOLLAR for _, savings in report.days]),
        )
        rows = [(day.isoformat(), dollars(savings.saved_micros), dollars(savings.spent_micros)) for day, savings in report.days]
        yield Figure(
            title="Saved and spent day by day",
            description="line chart",
            svg=lines_of([f"{day:%-d %b}" for day, _ in report.days], series),
            table=Table(caption="Day by day", columns=("Day", "Saved", "Spent"), rows=rows),
        )


def _series(lines: Sequence[Line]) -> tuple[tuple[str, list[float]], ...]:
    return (
        ("Saved", [line.savings.saved_micros / DOLLAR for line in lines]),
        ("Spent", [line.savings.spent_micros / DOLLAR for line in lines]),
        ("Wasted", [line.savings.wasted_micros / DOLLAR for line in lines]),
    )


def _row(line: Line) -> tuple[str, ...]:
    one = line.savings
    return (
        shown(line.name), dollars(one.saved_micros), percent(one.saved_percent), dollars(one.spent_micros),
        dollars(one.counterfactual_micros), dollars(one.wasted_micros), dollars(line.missed_micros), percent(one.aws_percent),
        str(one.attempts),
    )  # fmt: skip


def _trend(report: Report) -> Iterable[Table]:
    rows = trend_texts(report)
    if rows:
        yield Table(caption="Compared with the periods before", columns=("Period", "Saved", "% saved", "Spent"), rows=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """A job that saved or lost much; ``url`` is its page in the AWS console, empty if that is not known."""

    name: str
    url: str
    saved: str
    wasted: str
    note: str


def _movers(report: Report) -> list[tuple[str, list[JobLine]]]:
    """The jobs of each team that saved or lost the most."""
    teams: dict[str, list[JobLine]] = {}
    for mover in sorted(report.movers, key=lambda m: (-max(abs(m.saved_micros), m.wasted_micros), m.job)):
        lines = teams.setdefault(shown(mover.team), [])
        if len(lines) < MOVERS_SHOWN:
            lines.append(
                JobLine(
                    name=shown(mover.job), url=console_url(mover.region, mover.job), saved=dollars(mover.saved_micros),
                    wasted=dollars(mover.wasted_micros), note=_why(mover),
                )
            )  # fmt: skip
    return sorted(teams.items())


def _why(mover: Mover) -> str:
    market = "spot" if mover.spot else "on-demand"
    often = f", interrupted {times(mover.interruptions)}" if mover.interruptions else ""
    often += f", repeated by SageMaker {times(mover.repeats)}" if mover.repeats else ""
    without = "" if mover.checkpoint else ", without a checkpoint"
    return f"{shown(mover.instance_type)} {market}{often}{without if mover.spot else ''}"


def _counts(report: Report) -> Iterable[Table]:
    pools = [(shown(pool.name), str(pool.interruptions), per_100_hours(pool)) for pool in report.interruptions]
    if pools:
        yield Table(caption="Interruptions", columns=("Pool", "Count", "In 100 spot hours (90 % interval)"), rows=pools)
    if report.violations:
        rows = [(shown(name), str(count)) for name, count in report.violations]
        yield Table(caption="Rules broken", columns=("Rule", "Count"), rows=rows)
    if report.refused:
        refused = [(shown(limit), number) for limit, number in refused_items(report, shown)]
        yield Table(caption="Creates that SageMaker refused", columns=("What refused them", "Count, by team"), rows=refused)
    if report.outcomes:
        rows = [(outcome_text(name), str(count)) for name, count in report.outcomes]
        yield Table(caption="Outcomes", columns=("Outcome", "Count"), rows=rows)
