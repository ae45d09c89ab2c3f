"""A report as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controller.notifications.period_sentence import outcome_text, refused_items, sentence
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
from controller.units.money import about_dollars, dollars, percent

TOP = 5
COLUMNS = ("Spent", "On-demand", "Saved", "%", "AWS's %", "Wasted", "Missed", "Attempts")


def as_text(report: Report) -> str:
    """The report as lines of plain text."""
    rows = [(shown(line.name), *_cells(line)) for line in (*report.lines, report.total)]
    head = [title(report), *filter(None, (origin_text(report),))]
    text = [*head, "", sentence(report).replace("*", ""), "", *_table((str(report.by).capitalize(), *COLUMNS), rows), ""]
    return "\n".join([*text, *_below(report)]) + "\n"


def _cells(line: Line) -> tuple[str, ...]:
    one = line.savings
    return (
        dollars(one.spent_micros), dollars(one.counterfactual_micros), dollars(one.saved_micros), _share(one.saved_percent),
        _share(one.aws_percent), dollars(one.wasted_micros), dollars(line.missed_micros), str(one.attempts),
    )  # fmt: skip


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """The lines of a table. Each column is as wide as its widest cell; all but the first are aligned to the right."""
    widths = [max(len(row[n]) for row in (columns, *rows)) for n in range(len(columns))]
    for row in (columns, *rows):
        yield "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width) for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )


def _below(report: Report) -> Iterable[str]:
    if lines := [f"  {shown(mover.job)} ({shown(mover.team)}) {text}" for mover, text in moved(report)]:
        yield f"{HEAD}:"
        yield from lines
    yield from _top("Most wasted", [f"{shown(line.name)} {dollars(line.savings.wasted_micros)}" for line in report.most_wasted])
    yield from _top("Rules broken", [f"{shown(name)} {count}" for name, count in report.violations])
    pools = [f"{shown(pool.name)} {pool.interruptions}, in 100 spot hours {per_100_hours(pool)}" for pool in report.interruptions]
    yield from _top("Interruptions", pools)
    yield from _top("Outcomes", [f"{outcome_text(name)} {count}" for name, count in report.outcomes])
    yield from _top("Refused by SageMaker", [f"{shown(limit)}: {number}" for limit, number in refused_items(report, shown)])
    if trend := trend_texts(report):
        yield f"Trend (saved): {', '.join(f'{period} {saved} ({share})' for period, saved, share, _ in trend)}"
    yield from filter(None, (forecast_line(report), deadlines(report), incomplete(report)))
    yield basis_text(report)
    yield f"Spotwarden itself cost {about_dollars(report.own_cost_micros)} (estimated)."


def _top(name: str, items: Sequence[str]) -> Iterable[str]:
    if items:
        yield f"{name}: {', '.join(items[:TOP])}" + (f", and {len(items) - TOP} more" if len(items) > TOP else "")


def _share(share: float | None) -> str:
    return percent(share).removesuffix(" %")
