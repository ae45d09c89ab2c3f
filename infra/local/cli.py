"""``spotwarden local``: runs an AWS on this machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from infra.local.demo.__main__ import HELP, demo, run_app
from infra.local.demo.__main__ import main as run_demo

APP = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})
APP.callback(help="Run the AWS that is embedded in this machine.")(lambda: None)  # else typer drops the name of a single command
APP.command("demo", help=HELP)(demo)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand of ``spotwarden local``; returns the exit code."""
    given = list(sys.argv[2:] if argv is None else argv)
    return run_demo(given[1:]) if given[:1] == ["demo"] else run_app(APP, given, "spotwarden local")
