"""The command line of ``spotwarden backtest policies``."""

from __future__ import annotations

import gc
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from controller.aws.price_lookup import Prices
from controller.cli.backtest_policies.output import BAD_LINES_MAX, Source, as_json, lines
from controller.cli.backtest_policies.totals import Backtest, PolicyTotals, everything
from controller.cli.history.recorded import BadLine, recorded_jobs
from controller.cli.output.errors import BadInput
from controller.cli.output.printable import json_text, printable
from controller.cli.output.usage import BAD_INPUT
from controller.policy.load_policy import load_policy
from controller.policyfile import BadPolicy, compile_folder

CLEAN, FINDINGS, UNDECIDED = 0, 1, 3
GARBAGE_MAX = 50_000  # objects, some megabytes


class BacktestFormat(StrEnum):
    """How the result is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def run(
    history: Annotated[
        str,
        typer.Option("--history", metavar="FILE", help="Recorded jobs, from spotwarden export history; - for standard input."),
    ],
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The policy folder.")] = "policies",
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="DIR", help="Another policy folder to compare with, such as the one in force."),
    ] = None,
    format_: Annotated[
        BacktestFormat, typer.Option("--format", help="Text for people, JSON for programs, Markdown for a pull request.")
    ] = BacktestFormat.TEXT,
) -> int:
    """Print what the policies would have done. Each line that is not a job is reported on standard error and left out."""
    folders = [folder] if against is None else [folder, against]
    try:
        loaded = [load_policy(compile_folder(one), datetime.min.replace(tzinfo=UTC)) for one in folders]
    except BadPolicy as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    policies = tuple(PolicyTotals(one) for one in loaded)
    fields = {path: requested for one in loaded for path, requested in one.fields_read.items()}
    result = Backtest(policies, Prices().rate)
    gc.freeze()  # the loaded objects stay, and judging a job makes no reference cycles, so collect seldom
    gc.set_threshold(GARBAGE_MAX)
    bad: list[BadLine] = []
    bad_lines = 0
    for found in recorded_jobs(history, fields):
        if isinstance(found, BadLine):
            bad_lines += 1
            print(printable(f"{history}: line {found.line}: {found.why}"), file=sys.stderr)
            if len(bad) < BAD_LINES_MAX:
                bad.append(found)
        else:
            result.add(found.job)
    if not everything(policies[0]).jobs and not bad_lines:
        raise BadInput(f"{history}: found no job, wanted a line for each job, as spotwarden export history writes them")
    result.finish()
    source = Source(history=history, folder=folder, against=against or "", bad=bad, bad_lines=bad_lines)
    if format_ is BacktestFormat.JSON:
        print(json_text(as_json(result, source), indent=2))
    else:
        for line in lines(result, source, markdown=format_ is BacktestFormat.MARKDOWN):
            print(printable(line))
    return _exit_code(everything(policies[0]).flagged, everything(policies[0]).undecided, bad_lines)


def _exit_code(flagged: int, undecided: int, bad_lines: int) -> int:
    """The exit code that ``spotwarden check`` would have for the same jobs."""
    if bad_lines:
        return BAD_INPUT
    if flagged:
        return FINDINGS
    return UNDECIDED if undecided else CLEAN
