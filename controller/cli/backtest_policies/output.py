"""Prints a backtest of policies: lines for a terminal, one JSON object for programs, or Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from controller.cli.backtest_policies.totals import (
    NO_TEAM,
    Backtest,
    PolicyTotals,
    Totals,
    by_rule,
    everything,
    sorted_differences,
)
from controller.cli.history.recorded import BadLine
from controller.units.duration import span
from controller.units.money import dollars
from controller.units.plural import count

ROWS_MAX = 40
BAD_LINES_MAX = 100  # in JSON; all are on standard error
COLUMNS = (
    "jobs",
    "flagged",
    "warned",
    "stopped",
    "repaired",
    "not repairable",
    "submitted again",
    "delayed",
    "not billed",
    "saved",
)
ESTIMATE = (
    "not billed: what SageMaker billed for the jobs that would have been stopped. saved: an estimate for repaired jobs, by the"
    " discount of the same pool's own spot jobs in this history and by the training that interruptions repeated. Both are list"
    " prices."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What was read. ``against``: the other policy folder, or empty. ``bad_lines``: their number; ``bad``: the first of them."""

    history: str
    folder: str
    against: str
    bad: Sequence[BadLine]
    bad_lines: int


def as_json(result: Backtest, source: Source) -> dict[str, Any]:
    """The whole result. Programs read it, so its keys do not change."""
    names = (source.folder, source.against)
    return {
        "history": {
            "file": source.history,
            "jobs": result.jobs,
            "repeated": result.repeated,
            "from": result.first_at.isoformat() if result.first_at else None,
            "to": result.last_at.isoformat() if result.last_at else None,
            "bad_lines": source.bad_lines,
            "bad": [asdict(line) for line in source.bad[:BAD_LINES_MAX]],
        },
        "policies": [_policy_json(name, each) for name, each in zip(names, result.policies, strict=False)],
        "differences": [
            {"team": team, "before": before, "after": after, "jobs": one.jobs, "examples": one.examples}
            for team, before, after, one in sorted_differences(result.differences)
        ],
    }


def _policy_json(folder: str, each: PolicyTotals) -> dict[str, Any]:
    return {
        "folder": folder,
        "revision": each.policy.revision,
        "total": asdict(everything(each)),
        "rules": [{"rule": rule, "kind": kind, **asdict(one)} for (rule, kind), one in sorted(by_rule(each).items())],
        "teams": [
            {"team": team, "rule": rule or None, "kind": kind or None, **asdict(one)}
            for (team, rule, kind), one in sorted(each.cells.items())
        ],
    }


def lines(result: Backtest, source: Source, *, markdown: bool) -> Iterator[str]:
    """The lines of the result, for a terminal or as Markdown. Texts from tags and files are never interpreted as markup."""
    table = _markdown_table if markdown else _text_table
    said = _code if markdown else str
    title = "## " if markdown else ""
    yield f"{title}Backtest of {said(source.folder)} (revision {said(result.policies[0].policy.revision[:12])})"
    yield ""
    yield _period(result, source)
    yield ""
    yield from table(("", *COLUMNS), [_row("all jobs", everything(result.policies[0])), *_teams(result.policies[0])], said)
    yield ""
    yield from table(
        ("rule", "kind", *COLUMNS), [_row(rule, one, kind) for (rule, kind), one in _ranked(result.policies[0])], said
    )
    yield ""
    yield ESTIMATE
    unknown = everything(result.policies[0])
    if unknown.unestimated:
        yield f"{count(unknown.unestimated, 'job')} without a known price, usage or discount: in neither figure."
    if unknown.undecided:
        yield (
            f"For {count(unknown.undecided, 'job')} at least one rule is undecided: a history does not contain what was in S3,"
            " or which jobs ran at the same time."
        )
    if len(result.policies) == 2:
        yield ""
        yield from _against(result, source, table, said, title)


def _against(result: Backtest, source: Source, table: Table, said: Callable[[str], str], title: str) -> Iterator[str]:
    new, old = (everything(each) for each in result.policies)
    yield f"{title}Against {said(source.against)} (revision {said(result.policies[1].policy.revision[:12])})"
    yield ""
    if new == old and not result.differences:
        yield "The two policies treat every job in the same way."
        return
    yield from table(("", *COLUMNS), [_row("before", old), _row("after", new)], said)
    yield ""
    rows = [
        (
            team,
            before.value,
            after.value,
            f"{one.jobs}",
            ", ".join(one.examples) + (", …" if one.jobs > len(one.examples) else ""),
        )
        for team, before, after, one in sorted_differences(result.differences)
    ]
    yield from table(("team", "before", "after", "jobs", "such as"), rows[:ROWS_MAX], said)
    if len(rows) > ROWS_MAX:
        yield f"{count(len(rows) - ROWS_MAX, 'more row')} in --format json."


def _period(result: Backtest, source: Source) -> str:
    when = f", created {result.first_at:%Y-%m-%d} to {result.last_at:%Y-%m-%d}" if result.first_at and result.last_at else ""
    parts = [f"{count(result.jobs, 'job')}{when}"]
    if result.repeated:
        parts.append(f"{count(result.repeated, 'repeated line')} counted once")
    if source.bad_lines:
        parts.append(f"{count(source.bad_lines, 'line')} could not be read")
    return "; ".join(parts) + "."


def _ranked(each: PolicyTotals) -> Sequence[tuple[tuple[str, str], Totals]]:
    return sorted(by_rule(each).items(), key=lambda item: (-item[1].stopped, -item[1].repaired, -item[1].flagged, item[0]))


def _teams(each: PolicyTotals) -> list[tuple[str, ...]]:
    found = [(team, totals) for (team, rule, _), totals in each.cells.items() if not rule]
    ranked = sorted(found, key=lambda item: (-item[1].stopped, -item[1].repaired, -item[1].flagged, item[0]))
    if len(ranked) == 1 and ranked[0][0] == NO_TEAM:
        return []
    return [_row(team, totals) for team, totals in ranked[:ROWS_MAX]]


def _row(name: str, one: Totals, *more: str) -> tuple[str, ...]:
    delayed = f"{one.delayed} ({span(one.delayed_s)})" if one.delayed else "0"
    return (
        name, *more, f"{one.jobs}", f"{one.flagged}", f"{one.warned}", f"{one.stopped}", f"{one.repaired}",
        f"{one.not_repairable}", f"{one.resubmitted}", delayed, dollars(one.unspent_micros), dollars(one.saved_micros),
    )  # fmt: skip


Table = Callable[[Sequence[str], Sequence[Sequence[str]], Callable[[str], str]], Iterator[str]]


def _text_table(head: Sequence[str], rows: Sequence[Sequence[str]], said: Callable[[str], str]) -> Iterator[str]:
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    for row in (head, *rows):
        yield "  ".join(
            cell.ljust(width) if number == 0 or head[number] in TEXT_COLUMNS else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()


TEXT_COLUMNS = frozenset({"kind", "before", "after", "such as"})


def _markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], said: Callable[[str], str]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(' --- ' if n == 0 or name in TEXT_COLUMNS else ' ---: ' for n, name in enumerate(head))}|"
    for row in rows:
        cells = (said(cell) if n == 0 or head[n] in TEXT_COLUMNS else cell for n, cell in enumerate(row))
        yield f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """Text as a Markdown code span, so that nothing in it is a link, a mention or the end of a table cell."""
    plain = text.replace("`", "'").replace("|", "¦").replace("\n", " ")
    return f"`{plain}`" if plain else ""
