"""``spotwarden demo`` and ``spotwarden local``: forward to the AWS of this machine, which needs the extra ``local``."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import typer

from controller.cli.output.errors import BadInput

MODULE = "infra.local.cli"


def run_demo(context: typer.Context) -> int:
    """Run ``spotwarden local demo`` under its short name."""
    return _forward(["demo", *context.args])


def run_local(context: typer.Context) -> int:
    """Run a command of the embedded AWS, which reads the arguments itself."""
    return _forward(context.args)


def _forward(arguments: list[str]) -> int:
    try:
        run: Callable[[list[str]], int] = import_module(MODULE).main
        return run(arguments)
    except ModuleNotFoundError as error:
        raise BadInput(
            f"this command runs an AWS on this machine and needs the Python package {error.name!r}, which is not installed. "
            f"In a checkout, run: make demo. Elsewhere, install the command with its extra: pipx install '.[local]'"
        ) from error
