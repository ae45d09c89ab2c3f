"""A report as one HTML page to forward or print on A4. It loads nothing from the network and runs no script.

``data/report.html`` is its template: Jinja2 escapes whatever this module passes to it. pygal draws the charts as SVG; the figures
of each chart are also in a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pygal
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pygal.style import Style

from controller.jobs.job import Outcome
from controller.notifications.period_sentence import sentence
from controller.notifications.report_formats.shared import deadlines, incomplete, per_100_hours, shown, title
from controller.savings.report import Line, Report
from controller.units.money import DOLLAR, dollars, percent

SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)  # pygal adds its configuration for a script that the page does not load
BARS_MAX = 12  # more bars cannot be distinguished; the table has every line
STYLE = Style(
    background="transparent", plot_background="transparent", foreground="var(--soft)", foreground_strong="var(--text)",
    foreground_subtle="var(--line)", colors=("#0b7a55", "#3c6fd1", "#c2410c"), font_family="inherit", label_font_size=15,
    major_label_font_size=15, legend_font_size=16, value_font_size=15, tooltip_font_size=15, opacity=".92",
)  # fmt: skip
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
    """A chart, what a screen reader says instead, and its figures where no other table has them."""

    title: str
    description: str
    svg: Markup
    table: Table | None = None


def as_html(report: Report) -> str:
    """The page as text in UTF-8."""
    lines = [_row(line) for line in (*report.lines, report.total)]
    return PAGES.get_template("report.html").render(
        title=title(report),
        sentence=_strong(sentence(report)),
        loss=report.total.savings.saved_micros < 0,
        tiles=_tiles(report),
        figures=tuple(_figures(report)),
        tables=(
            Table(caption=f"By {report.by}", columns=(str(report.by).capitalize(), *COLUMNS), rows=lines),
            *_counts(report),
        ),
        notes=[note for note in (deadlines(report), incomplete(report)) if note],
        own_cost=dollars(report.own_cost_micros),
    )


def _strong(text: str) -> list[tuple[str, bool]]:
    """The parts of a sentence, and whether each stands between asterisks and is bold."""
    return [(part, number % 2 == 1) for number, part in enumerate(text.split("*"))]


def _tiles(report: Report) -> tuple[Tile, ...]:
    one, missed = report.total.savings, report.total.missed_micros
    return (
        Tile(name="Saved", value=dollars(one.saved_micros), note=f"{percent(one.saved_percent)} of on-demand"),
        Tile(name="Spent", value=dollars(one.spent_micros), note=f"on {one.attempts} attempts"),
        Tile(name="Wasted", value=dollars(one.wasted_micros), note="on work that was lost"),
        Tile(name="Missed", value=dollars(missed), note=f"{one.movable} jobs ran on-demand"),
    )


def _figures(report: Report) -> Iterable[Figure]:
    lines = report.lines[:BARS_MAX]
    if len(lines) > 1:
        yield Figure(
            title=f"Saved, spent and wasted by {report.by}",
            description="bar chart; the table below has its figures",
            svg=_svg(_bars([shown(line.name) for line in lines], _series(lines))),
        )
    if len(report.days) > 1:
        chart = _chart(
            pygal.Line, [f"{day:%-d %b}" for day, _ in report.days], x_label_rotation=35, dots_size=2, show_x_guides=False
        )
        chart.add("Saved", [savings.saved_micros / DOLLAR for _, savings in report.days])
        chart.add("Spent", [savings.spent_micros / DOLLAR for _, savings in report.days])
        rows = [(day.isoformat(), dollars(savings.saved_micros), dollars(savings.spent_micros)) for day, savings in report.days]
        yield Figure(
            title="Saved and spent day by day",
            description="line chart",
            svg=_svg(chart),
            table=Table(caption="Day by day", columns=("Day", "Saved", "Spent"), rows=rows),
        )


def _series(lines: Sequence[Line]) -> tuple[tuple[str, list[float]], ...]:
    return (
        ("Saved", [line.savings.saved_micros / DOLLAR for line in lines]),
        ("Spent", [line.savings.spent_micros / DOLLAR for line in lines]),
        ("Wasted", [line.savings.wasted_micros / DOLLAR for line in lines]),
    )


def _bars(names: Sequence[str], series: Sequence[tuple[str, list[float]]]) -> pygal.graph.graph.Graph:
    chart = _chart(pygal.Bar, [name if len(name) <= 18 else f"{name[:17]}…" for name in names], x_label_rotation=20)
    for name, values in series:
        chart.add(name, values)
    return chart


def _chart(kind: type, labels: Sequence[str], **looks: object) -> pygal.graph.graph.Graph:
    chart = kind(
        style=STYLE, js=[], width=960, height=360, legend_at_bottom=True, show_minor_y_labels=False, pretty_print=False,
        disable_xml_declaration=True, no_prefix=True, explicit_size=False,
        value_formatter=lambda value: f"${value:,.2f}", **looks,
    )  # fmt: skip
    chart.uuid = "chart"  # the same report gives the same page
    chart.x_labels = list(labels)
    return chart


def _svg(chart: pygal.graph.graph.Graph) -> Markup:
    """The chart as markup: pygal escapes the names in it."""
    svg = SCRIPT.sub("", chart.render(is_unicode=True)).replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    return Markup(svg)  # noqa: S704 - see above; a test holds it


def _row(line: Line) -> tuple[str, ...]:
    one = line.savings
    return (
        shown(line.name), dollars(one.saved_micros), percent(one.saved_percent), dollars(one.spent_micros),
        dollars(one.counterfactual_micros), dollars(one.wasted_micros), dollars(line.missed_micros), percent(one.aws_percent),
        str(one.attempts),
    )  # fmt: skip


def _counts(report: Report) -> Iterable[Table]:
    pools = [(shown(pool.name), str(pool.interruptions), per_100_hours(pool)) for pool in report.interruptions]
    if pools:
        yield Table(caption="Interruptions", columns=("Pool", "Count", "In 100 spot hours (90 % interval)"), rows=pools)
    if report.violations:
        rows = [(shown(name), str(count)) for name, count in report.violations]
        yield Table(caption="Violations", columns=("Rule", "Count"), rows=rows)
    if report.outcomes:
        rows = [(Outcome(name).label, str(count)) for name, count in report.outcomes]
        yield Table(caption="Outcomes", columns=("Outcome", "Count"), rows=rows)
