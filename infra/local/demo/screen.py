"""What a person sees of the demo: a line of progress while the week goes by, then what came of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from controller.savings.arithmetic import Savings
from controller.units.money import dollars
from infra.local.slack import Slack


def progress(console: Console) -> Progress:
    """The bar of the week: virtual time on the left, real time on the right."""
    return Progress(
        TextColumn("{task.fields[day]}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def told(at: datetime, running: int, ended: int, attempts: int, messages: int) -> dict[str, Any]:
    """The fields of the bar at one moment."""
    return {
        "day": f"{at:%a %H:%M}",
        "told": f"{running:3d} running, {ended:3d} ended, {attempts:2d} submitted again, {messages:3d} Slack messages",
    }


@dataclass(slots=True)
class LiveEvents:
    """Prints each new message of the channels as it is posted: the time in the week, and its first line."""

    console: Console
    slack: Slack
    shown: int = 0

    def show(self, at: datetime) -> None:
        """Print what was posted since the last call."""
        new = self.slack.messages[self.shown :]
        self.shown += len(new)
        for message in new:
            text = re.sub(r":[a-z_]+:|[*`_]", "", message.text).strip().partition("\n")[0]
            if text and message.thread_ts is not None:
                self.console.print(f"{at:%a %H:%M}  {text[:110]}", markup=False, highlight=False)


def next_steps(console: Console, out: Path) -> None:
    """What to open and what to try next."""
    console.print(
        f"Open {out / 'slack.html'} and {out / 'report.html'} in a browser. Try next:\n"
        '  .venv/bin/spotwarden classify "CapacityError: Unable to provision requested ML compute capacity."\n'
        "  .venv/bin/spotwarden check --help\n"
        "  make demo ARGS='--keep --ports-file build/ports.json'   # then run report, audit or halt against it",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip


def results(console: Console, summary: Mapping[str, Any], teams: Mapping[str, Savings]) -> None:
    """The week in three tables, and the proof."""
    console.print()
    console.print(_table("The week", ("", "count"), [(k, str(summary[k])) for k in COUNTS], right=1))
    console.print(
        _table("Findings by rule", ("rule", "findings"), [(k, str(v)) for k, v in summary["findings"].items()], right=1)
    )
    rows = [
        (team, str(s.attempts), dollars(s.saved_micros), dollars(s.spent_micros), _percent(s), _uncovered(s))
        for team, s in sorted(teams.items(), key=lambda item: -item[1].saved_micros)
    ]
    console.print(_table("Saved by team", ("team", "jobs", "saved", "spent", "AWS's %", "not in the dollars"), rows, right=1))
    wrong = {name: found for name, found in summary["problems"].items() if found}
    if wrong:
        for name, found in wrong.items():
            console.print(f"[bold red]{name}: {found}")
    else:
        console.print(
            "[bold green]Proved from the world's side: "
            + ", ".join(f"0 {name.replace('_', ' ')}" for name in summary["problems"])
        )


COUNTS = (
    "jobs", "rings", "events_lost", "events_doubled", "stopped", "resubmitted", "moved_for_deadline", "repaired",
    "interruptions", "announcements",
    "minutes_rung", "minutes_skipped", "saved_usd",
)  # fmt: skip


def _table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], right: int) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number >= right else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _percent(savings: Savings) -> str:
    return "–" if savings.aws_percent is None else f"{savings.aws_percent:.0f}"


def _uncovered(savings: Savings) -> str:
    parts = [f"{savings.unpriced} without a price"] if savings.unpriced else []
    parts += [f"{savings.unmeasured} of unknown usage"] if savings.unmeasured else []
    return ", ".join(parts) or "–"
