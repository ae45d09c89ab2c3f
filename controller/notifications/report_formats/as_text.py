"""A report for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from controller.jobs.job import Outcome
from controller.notifications.digest import sentence
from controller.savings.report import Line, Report
from controller.units.money import dollars

TOP = 5
COLUMNS = ("Spent", "On demand", "Saved", "%", "AWS's %", "Wasted", "Missed", "Attempts")


def as_text(report: Report) -> str:
    until = report.until - timedelta(days=1)
    whose = f", {', '.join(report.teams)}" if report.teams else ""
    head = f"Spot training, {report.since} to {until} (UTC){whose}"
    rows = [(line.name, *_cells(line)) for line in (*report.lines, report.total)]
    told = [head, "", sentence(report).replace("*", ""), "", *_table((str(report.by).capitalize(), *COLUMNS), rows), ""]
    return "\n".join([*told, *_tops(report), *_unknown(report), *_small(report)]) + "\n"


def _cells(line: Line) -> tuple[str, ...]:
    one = line.savings
    return (
        dollars(one.spent_micros), dollars(one.counterfactual_micros), dollars(one.saved_micros), _share(one.saved_percent),
        _share(one.aws_percent), dollars(one.wasted_micros), dollars(line.missed_micros), str(one.attempts),
    )  # fmt: skip


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Columns as wide as what stands in them, figures to the right."""
    widths = [max(len(row[n]) for row in (columns, *rows)) for n in range(len(columns))]
    for row in (columns, *rows):
        yield "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width) for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )


def _tops(report: Report) -> Iterable[str]:
    yield from _top("Wasted the most", [f"{line.name} {dollars(line.savings.wasted_micros)}" for line in report.most_wasted])
    yield from _top("Rules broken", [f"{name} {count}" for name, count in report.violations])
    pools = [
        f"{pool.name} {pool.interruptions} ({100 * pool.mean:.0f} in 100 spot hours,"
        f" {100 * pool.low:.0f} to {100 * pool.high:.0f})"
        for pool in report.interruptions
    ]  # fmt: skip
    yield from _top("Interruptions", pools)
    yield from _top("Endings", [f"{Outcome(name).word} {count}" for name, count in report.outcomes])
    if report.deadlines_kept or report.deadlines_missed:
        yield f"Deadlines: {report.deadlines_kept} kept, {report.deadlines_missed} missed"


def _top(title: str, items: Sequence[str]) -> Iterable[str]:
    if items:
        yield f"{title}: {', '.join(items[:TOP])}" + (f", and {len(items) - TOP} more" if len(items) > TOP else "")


def _unknown(report: Report) -> Iterable[str]:
    one = report.total.savings
    told = [
        (one.unpriced, "without a price (seconds only)"),
        (one.unmeasured, "of unknown usage"),
        (one.bounded, "a lower bound"),
    ]
    told.append((report.total.missed_unknown, "on demand in pools where no spot job shows what spot saves"))
    said = [f"{count} {what}" for count, what in told if count]
    if said:
        yield f"Not in the dollars, or only in part: {', '.join(said)}"


def _small(report: Report) -> Iterable[str]:
    yield f"Spotwarden itself cost about {dollars(report.own_cost_micros)} (estimated)"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0f}"
