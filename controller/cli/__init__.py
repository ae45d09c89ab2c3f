"""The command line ``spotwarden``, for people and their CI. Start with ``commands.py``: it lists the commands and their files.

This package may import all others. What commands print is written here or in ``controller.notifications``; decisions are made
in ``controller.decide``. Nothing here ships to Lambda.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from controller.cli.commands import COMMANDS, GROUPS, Command
from controller.cli.output.usage import BAD_INPUT, guarded, usage_error
from controller.cli.version import installed_version

__all__ = ["COMMANDS", "Command", "main"]

FORWARDS = {"allow_extra_args": True, "ignore_unknown_options": True}  # the embedded AWS reads these arguments itself


INTERRUPTED = 130  # the exit code that a shell reports after Ctrl-C


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 success, 1 findings, 2 bad input, 5 AWS does not answer, 130 after Ctrl-C."""
    if sys.stdout is None:  # standard output was closed before the start, so nothing can be printed
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it stays open until the end
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # where the encoding of the terminal or the pipe is not UTF-8
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments:
        main(["--help"])
        return BAD_INPUT
    try:
        code = guarded("spotwarden", _run)(arguments)
    except KeyboardInterrupt:  # Ctrl-C while the command is imported; typer itself handles a later one
        return INTERRUPTED
    except typer.TyperException as error:
        called = next((one.name for one in COMMANDS if arguments[: len(words := one.name.split())] == words), "")
        print(usage_error(error, called), file=sys.stderr)
        return BAD_INPUT
    return code if isinstance(code, int) else 0


def _run(arguments: list[str]) -> int:
    """Run typer. ``main`` guards it as it guards each command, because help and the version are output too."""
    code: object = typer.main.get_command(app_for(arguments)).main(arguments, prog_name="spotwarden", standalone_mode=False)
    return code if isinstance(code, int) else 0


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The typer app. Only the command that is called is imported; of the others, typer needs the names and the help."""
    app = typer.Typer(
        name="spotwarden",
        epilog="Run 'spotwarden COMMAND --help' for the options of a command, examples and its exit codes.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help="Make SageMaker Managed Spot Training safe to use, and report what it really saves.")(_spotwarden)
    groups = {name: typer.Typer(help=help_) for name, help_ in GROUPS.items()}
    for name, group in groups.items():
        app.add_typer(group, name=name)
    for one in COMMANDS:
        *of, name = one.name.split(" ")
        (groups[of[0]] if of else app).command(
            name,
            help=one.help,
            short_help=one.help,  # the whole sentence in the list of commands
            epilog=one.epilog,
            add_help_option=not one.forwards,
            context_settings=FORWARDS if one.forwards else None,
        )(guarded(one.name, one.function if {*of, name} <= {*arguments} else _not_called))
    return app


def _not_called() -> int:
    """The function of every command that is not called."""
    raise AssertionError


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"spotwarden {installed_version()}")
        raise typer.Exit


def _spotwarden(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    del version  # its callback has printed it
