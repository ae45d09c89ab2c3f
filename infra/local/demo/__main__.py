"""Runs the demo: ``python -m infra.local.demo`` (``make demo``), or ``spotwarden demo``.

It simulates some days of training jobs on an AWS that is embedded in this machine, through the real handlers. ``--week`` is the
long one. No call leaves this machine.
"""

from __future__ import annotations

import argparse
import traceback
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from controller.cli.output_file import why_not_written
from infra.local.demo.scenario import MONDAY, SHORT, WEEK, launches
from infra.local.demo.screen import Screen
from infra.local.sagemaker.capacity import from_trace

ERROR_LOG = "demo-error.log"
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo. Exit code 1 when it counts a problem or fails; a failure is one sentence, with the name of its log."""
    options, output = _options(argv), Screen()
    output.line(f"Starting an AWS on this machine. {options.jobs} training jobs follow.")
    try:
        from infra.local.demo.run import run  # moto and boto3 take seconds to import

        return run(options, output)
    except KeyboardInterrupt:
        output.line("Stopped.")
        return INTERRUPTED
    except ModuleNotFoundError:  # not a fault of the demo: spotwarden demo says what to install
        raise
    except Exception as error:
        output.line(f"The demo failed: {_sentence(error)} {_log(Path(options.out))}")
        return 1


def _sentence(error: Exception) -> str:
    text = str(error).partition("\n")[0][:200].rstrip(". ")
    return f"{type(error).__name__}: {text}." if text else f"{type(error).__name__}."


def _log(out: Path) -> str:
    """Write the traceback, and say where it is."""
    log = out / ERROR_LOG
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), "utf-8")
    except OSError as error:
        return f"No log could be written to {log}: {error.strerror}."
    return f"Details: {log}"


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="spotwarden demo", description=__doc__)
    parser.add_argument("--week", action="store_true", help=f"the long demo: {WEEK.jobs} jobs in seven days")
    parser.add_argument("--jobs", type=int, help=f"how many jobs users create (default: {SHORT.jobs}, with --week {WEEK.jobs})")
    parser.add_argument("--seed", type=int, default=7, help="of the jobs, the faults and the spot capacity")
    parser.add_argument("--trace", type=Path, help="spot capacity of every pool: a file of the skypilot-org/spot-traces format")
    parser.add_argument("--out", default="build/demo", help="the folder of the summary, the pages and the logs")
    parser.add_argument("--keep", action="store_true", help="leave the embedded AWS up until Ctrl-C")
    parser.add_argument("--ports-file", type=Path, help="with --keep: a JSON file of endpoints, table and environment")
    parser.add_argument("--history", type=Path, help="write the jobs that ended to this file, for spotwarden backtest policies")
    parser.add_argument("--no-page", action="store_true", help="do not serve the Slack page at the end")
    options = parser.parse_args(argv)
    options.length = WEEK if options.week else SHORT
    options.jobs = options.length.jobs if options.jobs is None else options.jobs
    fewest = len(launches(options.seed, 0, timedelta(days=1)))
    if options.jobs < fewest:
        parser.error(f"--jobs: found {options.jobs}, wanted at least {fewest}: one job of each kind that the demo shows")
    if options.ports_file and not options.keep:
        parser.error("--ports-file: wanted together with --keep, because the endpoints end with the demo")
    for name, file in (("--ports-file", options.ports_file), ("--history", options.history)):
        if file and (problem := why_not_written(file)):
            parser.error(f"{name}: {file}: found {problem}, wanted a file to write to")
    if problem := why_not_written(Path(options.out) / ERROR_LOG):
        parser.error(f"--out: {options.out}: found {problem}, wanted a folder to write to")
    try:
        options.supply = from_trace(options.trace, MONDAY) if options.trace else None
    except OSError as error:
        parser.error(f"--trace: {options.trace}: found {error.strerror}, wanted a file that can be read")
    except ValueError as error:
        parser.error(f"--trace: {error}")
    return options


if __name__ == "__main__":
    raise SystemExit(main())
