"""Texts that several formats of a report share."""

from __future__ import annotations

from datetime import timedelta

from controller.savings.report import PoolLine, Report
from controller.units.free_text import one_line

NAME_MAX = 256  # characters of a tag's value


def shown(name: str) -> str:
    """The name of a team, a user or a pool: other people's text, without what moves a cursor or turns the direction of a line."""
    return one_line(name, NAME_MAX) or "–"


def title(report: Report) -> str:
    """The period and, where the report covers only some teams, their names."""
    teams = f", {', '.join(map(shown, report.teams))}" if report.teams else ""
    return f"Spot training, {report.since} to {report.until - timedelta(days=1)} (UTC){teams}"


def deadlines(report: Report) -> str:
    """How many deadlines were kept; empty where no job had a deadline."""
    kept, missed = report.deadlines_kept, report.deadlines_missed
    return f"Deadlines: {kept} kept, {missed} missed." if kept or missed else ""


def incomplete(report: Report) -> str:
    """What the dollars do not cover, or only partly; empty where they cover everything."""
    one = report.total.savings
    counts = (
        (one.unpriced, "attempt", "without a price (seconds only)"),
        (one.unmeasured, "attempt", "with unknown usage"),
        (one.bounded, "attempt", "with minimum figures"),
        (one.stopped_with_model, "attempt", "that a limit stopped with a model (neither saved nor wasted)"),
        (report.total.missed_unknown, "on-demand job", "in pools without a spot job to compare with"),
    )
    found = "; ".join(f"{count} {noun}{'' if count == 1 else 's'} {what}" for count, noun, what in counts if count)
    return f"Not in the dollars, or only in part: {found}." if found else ""


def per_100_hours(pool: PoolLine) -> str:
    """Interruptions in 100 spot hours, with the interval that contains 90 %."""
    return f"{100 * pool.mean:.0f} ({100 * pool.low:.0f} to {100 * pool.high:.0f})"
