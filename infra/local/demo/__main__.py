"""Runs the demo: ``python -m infra.local.demo`` (``make demo``), or ``spotwarden demo``.

It simulates some days of training jobs on an AWS that is embedded in this machine, through the real handlers. ``--week`` is the
long one. No call leaves this machine.
"""

from __future__ import annotations

import io
import logging
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.output.errors import BadInput
from controller.cli.output.output_file import why_not_written
from controller.cli.output.usage import usage_error
from infra.local.demo.options import DemoOptions
from infra.local.demo.scenario import MONDAY, SHORT, WEEK, launches
from infra.local.demo.screen import Screen
from infra.local.sagemaker.capacity import Steps, from_trace

HELP = """Simulate some days of training jobs on this machine.

The jobs run on an AWS that is embedded in this machine, through the real handlers. No call leaves this machine.
"""
EPILOG = "\b\nExit codes:\n  0 no problem was counted; 1 a problem, or the demo failed; 2 bad input or usage; 130 Ctrl-C"
ERROR_LOG = "demo-error.log"
INTERRUPTED = 130


APP = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code (see ``EPILOG``). A failure is printed as one sentence, with the name of its log."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may have another encoding than UTF-8
    return run_app(APP, argv, "spotwarden demo")


def run_app(app: typer.Typer, argv: Sequence[str] | None, name: str) -> int:
    """Run an app with these arguments; None: those of the process. Returns the exit code. Raises SystemExit for bad arguments."""
    try:
        given = None if argv is None else list(argv)
        code: object = typer.main.get_command(app).main(given, prog_name=name, standalone_mode=False)
    except (typer.TyperException, BadInput) as error:
        sentence = f"{name}: {error}" if isinstance(error, BadInput) else usage_error(error, name.removeprefix("spotwarden "))
        print(sentence, file=sys.stderr)
        raise SystemExit(2) from None
    return code if isinstance(code, int) else 0


@APP.command(help=HELP, epilog=EPILOG)
def demo(
    week: Annotated[bool, typer.Option("--week", help=f"The long demo: {WEEK.jobs} jobs in seven days.")] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", help=f"How many jobs users create; {SHORT.jobs}, and {WEEK.jobs} with --week.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The seed of the jobs, the faults and the spot capacity.")] = 7,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", help="The spot capacity of every pool: a file in the format of skypilot-org/spot-traces."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The folder of the summary, the pages and the logs.")] = Path("build/demo"),
    keep: Annotated[bool, typer.Option("--keep", help="Keep the embedded AWS running until Ctrl-C.")] = False,
    ports_file: Annotated[
        Path | None, typer.Option("--ports-file", help="With --keep: a JSON file of endpoints, table and environment.")
    ] = None,
    history: Annotated[
        Path | None, typer.Option("--history", help="Write the jobs that ended to this file, for spotwarden backtest policies.")
    ] = None,
    no_page: Annotated[bool, typer.Option("--no-page", help="Do not serve the Slack page at the end.")] = False,
) -> int:
    length = WEEK if week else SHORT
    options = DemoOptions(
        length=length, jobs=length.jobs if jobs is None else jobs, seed=seed, supply=_supply(trace), out=out, keep=keep,
        ports_file=ports_file, history=history, no_page=no_page,
    )  # fmt: skip
    _refuse(options)
    output = Screen()
    output.line(f"Starting an AWS on this machine. {options.jobs} training jobs follow.")
    try:
        from infra.local.demo.run import run  # moto and boto3 take seconds to import

        with only_own_lines():
            return run(options, output)
    except KeyboardInterrupt:
        output.line("Stopped.")
        return INTERRUPTED
    except ModuleNotFoundError:  # not an error of the demo: the caller prints what to install
        raise
    except Exception as error:
        output.line(f"The demo failed: {_sentence(error)} {_log(options.out)}")
        return 1


@contextmanager
def only_own_lines() -> Iterator[None]:
    """Prevent output of other modules. logging prints a traceback for each line that it cannot write, such as to a full disk.
    Powertools warns about each function that Ctrl-C interrupts.
    """
    before = logging.raiseExceptions
    logging.raiseExceptions = False
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="No application metrics", category=UserWarning)
            yield
    finally:
        logging.raiseExceptions = before


def _sentence(error: Exception) -> str:
    text = str(error).partition("\n")[0][:200].rstrip(". ")
    return f"{type(error).__name__}: {text}." if text else f"{type(error).__name__}."


def _log(out: Path) -> str:
    """Write the traceback to a file, and return a sentence with the file's name."""
    log = out / ERROR_LOG
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), "utf-8")
    except OSError as error:
        return f"No log could be written to {log}: {error.strerror}."
    return f"Details: {log}"


def _refuse(options: DemoOptions) -> None:
    """Raise BadInput for options that the demo cannot fulfil, before it starts."""
    fewest = len(launches(options.seed, 0, timedelta(days=1)))
    if options.jobs < fewest:
        raise BadInput(f"--jobs: found {options.jobs}, wanted at least {fewest}: one job of each kind that the demo shows")
    if options.ports_file and not options.keep:
        raise BadInput("--ports-file: wanted together with --keep, because the endpoints end with the demo")
    for name, file in (("--ports-file", options.ports_file), ("--history", options.history)):
        if file and (problem := why_not_written(file)):
            raise BadInput(f"{name}: {file}: found {problem}, wanted a file to write to")
    if problem := why_not_written(options.out / ERROR_LOG):
        raise BadInput(f"--out: {options.out}: found {problem}, wanted a folder to write to")


def _supply(trace: Path | None) -> Steps | None:
    try:
        return from_trace(trace, MONDAY) if trace else None
    except OSError as error:
        raise BadInput(f"--trace: {trace}: found {error.strerror}, wanted a file that can be read") from None
    except ValueError as error:
        raise BadInput(f"--trace: {error}") from None


if __name__ == "__main__":
    raise SystemExit(main())
