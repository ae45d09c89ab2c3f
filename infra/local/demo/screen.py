"""What the demo prints: events while it runs, then tables of results, and what to try next."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from controller.savings.attempt_savings import Savings
from controller.units.money import dollars

if TYPE_CHECKING:
    from infra.local.demo.live import Event

COUNTS = {
    # The keys of demo-summary.json, and their names on the screen.
    "jobs": "jobs", "rings": "events delivered", "events_lost": "events lost", "events_doubled": "events delivered twice",
    "stopped": "stopped", "resubmitted": "submitted again", "moved_for_deadline": "moved for a deadline", "repaired": "repaired",
    "interruptions": "interruptions", "announcements": "messages in Slack", "minutes_rung": "minutes with work",
    "minutes_skipped": "minutes without work", "saved_usd": "saved, in dollars",
}  # fmt: skip
COLOURS = {
    "judged": "yellow", "stopped": "red", "submitted again": "green", "interrupted": "magenta", "no capacity": "magenta",
    "failed": "red", "completed": "dim", "saved so far": "bold green",
}  # fmt: skip
WIDTH_MAX = 1_000  # columns, more than any terminal has
CLASSIFY = 'classify "CapacityError: Unable to provision requested ML compute capacity."'


def words_of(problem: str) -> str:
    """The name of a kind of problem on the screen."""
    return {"overdue_in_silence": "overdue intents"}.get(problem, problem.replace("_", " "))


class Screen:
    """Prints to standard output: with colours and a progress bar on a terminal, else plain lines."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stdout)  # keeps today's stdout, which is redirected to a log while handlers run

    def line(self, text: str, style: str | None = None) -> None:
        """Print one line, without markup or wrapping."""
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
        self._console.file.flush()

    @contextmanager
    def progress(self, begins_at: datetime, ends_at: datetime) -> Iterator[Days]:
        """Show a progress bar on a terminal, with the events above it."""
        bar = Progress(
            TextColumn("{task.fields[day]}"), BarColumn(bar_width=None), TextColumn("{task.fields[counts]}"), TimeElapsedColumn(),
            console=self._console, transient=True, disable=not self._console.is_terminal, redirect_stdout=False,
        )  # fmt: skip
        with bar:
            task = bar.add_task("", total=(ends_at - begins_at).total_seconds(), day="", counts="")
            yield Days(self, bar, task, begins_at)

    def event(self, at: datetime, kind: str, text: str) -> None:
        """Print one event of the demo."""
        line = Text(f"{at:%a %H:%M}  ", style="dim").append(f"{kind:<16}", style=COLOURS.get(kind, "")).append(text, style="")
        if self._console.is_terminal:
            self._console.print(line, highlight=False, no_wrap=True, overflow="ellipsis")
        else:
            self._console.print(line, highlight=False, soft_wrap=True)
        self._console.file.flush()

    def results(self, summary: Mapping[str, Any], teams: Mapping[str, Savings]) -> None:
        """Print the results in three tables, then the problems or that there are none."""
        self._console.print()
        self._console.print(_table("What happened", ("", "count"), [(words, str(summary[key])) for key, words in COUNTS.items()]))
        self._console.print(
            _table("Findings by rule", ("rule", "findings"), [(k, str(v)) for k, v in summary["findings"].items()])
        )
        rows = [
            (team, str(s.attempts), dollars(s.saved_micros), dollars(s.spent_micros), _percent(s), _uncovered(s))
            for team, s in sorted(teams.items(), key=lambda item: -item[1].saved_micros)
        ]
        columns = ("team", "jobs", "saved", "spent", "AWS's %", "not in the dollars")
        teams_table = _table("Saved by team", columns, rows)
        at_any_width = self._console.options.update(max_width=WIDTH_MAX)
        if self._console.measure(teams_table, options=at_any_width).minimum > self._console.width:  # amounts would be cut
            teams_table = _table("Saved by team", columns[:4], [row[:4] for row in rows])
        self._console.print(teams_table)
        wrong = {name: found for name, found in summary["problems"].items() if found}
        for name, found in wrong.items():
            self.line(f"Problem: {words_of(name)}: {found}", style="bold red")
        if not wrong:
            checks = ", ".join(f"0 {words_of(name)}" for name in summary["problems"])
            self.line(f"Checked against the simulated AWS: {checks}.", style="bold green")
        for detail in summary["details"]:
            self.line(f"  {detail}", style="red")

    def files(self, out: Path) -> None:
        """Print which files to open."""
        self.line(f"\nOpen in a browser: {out / 'slack.html'} (every message) and {out / 'report.html'} (what spot saved).")
        self.line(f"Figures: {out / 'demo-summary.json'}. Log of the functions: {out / 'functions.log'}.")

    def next_steps(self) -> None:
        """Print what to try after the demo."""
        self._commands(
            "Try next:", "demo --keep     # then press buttons in Slack, and run report, audit and halt", "demo --week", CLASSIFY
        )

    def kept(self, slack: str, environment: Path, ports_file: Path | None, period: str) -> None:
        """Print how to use the embedded AWS from another terminal."""
        if ports_file is not None:
            self.line(f"Endpoints and environment: {ports_file} (removed at the end).")
        self.line(f"The Slack page, with buttons that work: {slack}")
        self._commands(
            f"Try in another terminal, after `. {environment}`:",
            f"report --period {period}", f"audit --period {period}", 'halt --why "a test"', "resume",
        )  # fmt: skip
        self.line("Ctrl-C stops the embedded AWS.")

    def page(self, slack: str, after_a_click: timedelta) -> None:
        """Print what to try next, and the URL of the Slack page."""
        self.next_steps()
        hours = int(after_a_click / timedelta(hours=1))
        self.line(f"The Slack page: {slack}. Each click lets {hours} hours of the demo pass. Ctrl-C ends it.")

    def _commands(self, title: str, *commands: str) -> None:
        self.line(title)
        for command in commands:
            self.line(f"  {_program()} {command}")


class Days:
    """The progress of the demo on the screen."""

    def __init__(self, screen: Screen, bar: Progress, task: TaskID, begins_at: datetime) -> None:
        self._screen, self._bar, self._task, self._begins_at = screen, bar, task, begins_at
        self._saved = ""

    def events(self, events: Sequence[Event]) -> None:
        """Print new events."""
        for event in events:
            self._screen.event(event.at, event.kind, event.text)

    def at(self, now: datetime, *, running: int, ended: int, messages: int) -> None:
        """Update the progress bar: the time in the demo, and the numbers of jobs and messages."""
        counts = f"{running} running, {ended} ended, {messages} messages{self._saved}"
        self._bar.update(self._task, completed=(now - self._begins_at).total_seconds(), day=f"{now:%a %H:%M}", counts=counts)

    def saved(self, now: datetime, saved_micros: int) -> None:
        """Print the dollars that spot saved so far."""
        self._saved = f", {dollars(saved_micros)} saved"
        self._screen.event(now, "saved so far", dollars(saved_micros))


def _program() -> str:
    """The spotwarden command beside this Python, as it can be typed in the current folder."""
    found = Path(sys.executable).with_name("spotwarden")
    here = Path.cwd()
    if not found.exists():
        return "spotwarden"
    return str(found.relative_to(here)) if found.is_relative_to(here) else str(found)


def _table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _percent(savings: Savings) -> str:
    return "–" if savings.aws_percent is None else f"{savings.aws_percent:.0f}"


def _uncovered(savings: Savings) -> str:
    parts = [f"{savings.unpriced} without a price"] if savings.unpriced else []
    parts += [f"{savings.unmeasured} of unknown usage"] if savings.unmeasured else []
    return ", ".join(parts) or "–"
