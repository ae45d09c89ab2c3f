"""A report as one page that a manager would forward: nothing is loaded from anywhere, and it prints on A4.

Charts are SVG made by pygal; the figures of each stand in a table, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from html import escape
from importlib.resources import files
from string import Template

import pygal
from pygal.style import Style

from controller.jobs.job import Outcome
from controller.notifications.digest import sentence
from controller.savings.report import Line, Report
from controller.units.money import DOLLAR, dollars

SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)  # pygal writes its configuration for a script that is not there
SHOWN = 12  # bars that can still be told apart; the table has every line
STYLE = Style(
    background="transparent", plot_background="transparent", foreground="var(--soft)", foreground_strong="var(--text)",
    foreground_subtle="var(--line)", colors=("#0b7a55", "#3c6fd1", "#c2410c"), font_family="inherit", label_font_size=15,
    major_label_font_size=15, legend_font_size=16, value_font_size=15, tooltip_font_size=15, opacity=".92",
)  # fmt: skip
COLUMNS = ("Saved", "% saved", "Spent", "On demand", "Wasted", "Missed", "AWS's %", "Attempts")


def as_html(report: Report) -> str:
    until = report.until - timedelta(days=1)
    whose = f" — {', '.join(report.teams)}" if report.teams else ""
    page = Template(files("controller").joinpath("data/report.html").read_text("utf-8"))
    return page.substitute(
        title=escape(f"Spot training, {report.since} to {until}{whose}"),
        sentence=_strong(sentence(report)),
        tiles="".join(_tiles(report)),
        charts="".join(_charts(report)),
        lines=_table(
            f"By {report.by}", (str(report.by).capitalize(), *COLUMNS), [_row(line) for line in (*report.lines, report.total)]
        ),
        notes="".join(_notes(report)),
        own=escape(dollars(report.own_cost_micros)),
    )


def _strong(text: str) -> str:
    """The sentence's stars as bold; it is our own text, and holds nobody's names."""
    parts = escape(text).split("*")
    return "".join(f"<strong>{part}</strong>" if n % 2 else part for n, part in enumerate(parts))


def _tiles(report: Report) -> Iterable[str]:
    one = report.total.savings
    told = (
        ("Saved", dollars(one.saved_micros), f"{_share(one.saved_percent)} of on-demand"),
        ("Spent", dollars(one.spent_micros), f"on {one.attempts} attempts"),
        ("Wasted", dollars(one.wasted_micros), "trained in vain"),
        ("Missed", dollars(report.total.missed_micros), f"{one.movable} jobs ran on demand"),
    )
    for name, value, small in told:
        yield f"<li><span>{escape(name)}</span><b>{escape(value)}</b><small>{escape(small)}</small></li>"


def _charts(report: Report) -> Iterable[str]:
    lines = report.lines[:SHOWN]
    if len(lines) > 1:
        title = f"Saved, spent and wasted by {report.by}"
        yield _figure(title, _bars([line.name for line in lines], _series(lines)), "bar chart; the table below has its figures")
    if len(report.days) > 1:
        chart = _chart(
            pygal.Line, [f"{day:%-d %b}" for day, _ in report.days], x_label_rotation=35, dots_size=2, show_x_guides=False
        )
        chart.add("Saved", [savings.saved_micros / DOLLAR for _, savings in report.days])
        chart.add("Spent", [savings.spent_micros / DOLLAR for _, savings in report.days])
        rows = [(day.isoformat(), dollars(savings.saved_micros), dollars(savings.spent_micros)) for day, savings in report.days]
        table = _table("Day by day", ("Day", "Saved", "Spent"), rows)
        yield _figure(
            "Saved and spent day by day", chart, "line chart", f"<details><summary>The figures</summary>{table}</details>"
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


def _figure(title: str, chart: pygal.graph.graph.Graph, what: str, more: str = "") -> str:
    svg = SCRIPT.sub("", chart.render(is_unicode=True)).replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    label = escape(f"{title}: {what}", quote=True)
    return f'<figure><h2>{escape(title)}</h2><div role="img" aria-label="{label}">{svg}</div>{more}</figure>'


def _row(line: Line) -> tuple[str, ...]:
    one = line.savings
    return (
        line.name, dollars(one.saved_micros), _share(one.saved_percent), dollars(one.spent_micros),
        dollars(one.counterfactual_micros), dollars(one.wasted_micros), dollars(line.missed_micros), _share(one.aws_percent),
        str(one.attempts),
    )  # fmt: skip


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption, quote=True)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _notes(report: Report) -> Iterable[str]:
    one = report.total.savings
    pools = [
        (pool.name, str(pool.interruptions), f"{100 * pool.mean:.0f} ({100 * pool.low:.0f} to {100 * pool.high:.0f})")
        for pool in report.interruptions
    ]  # fmt: skip
    if pools:
        yield _table("Interruptions", ("Pool", "Times", "In 100 spot hours (90 % interval)"), pools)
    if report.violations:
        yield _table("Rules broken", ("Rule", "Times"), [(name, str(count)) for name, count in report.violations])
    if report.outcomes:
        yield _table("How jobs ended", ("Ending", "Times"), [(Outcome(name).word, str(count)) for name, count in report.outcomes])
    if report.deadlines_kept or report.deadlines_missed:
        yield f"<p>Deadlines: {report.deadlines_kept} kept, {report.deadlines_missed} missed.</p>"
    unknown = [
        (one.unpriced, "attempts without a price (seconds only)"), (one.unmeasured, "attempts of unknown usage"),
        (one.bounded, "attempts booked at the least that is certain"),
        (report.total.missed_unknown, "jobs on demand in pools where no spot job shows what spot saves"),
    ]  # fmt: skip
    said = "; ".join(f"{count} {what}" for count, what in unknown if count)
    if said:
        yield f"<p>Not in the dollars, or only in part: {escape(said)}.</p>"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0f} %"
