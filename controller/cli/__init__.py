"""``spotwarden``: the controller's judgement, typed by people and by their CI."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from controller.cli import advise as advising
from controller.cli import audit as auditing
from controller.cli import backtest, check, classify
from controller.cli import compile as compiling
from controller.cli import halt as halting
from controller.cli import report as reporting
from controller.cli.ledger import add_table

Run = Callable[[Namespace], int]

COMMANDS: Mapping[str, tuple[str, Callable[[ArgumentParser], None], Run]] = {
    "advise": (advising.HELP, advising.add_arguments, advising.run),
    "audit": (auditing.HELP, auditing.add_arguments, auditing.run),
    "backtest": (backtest.HELP, backtest.add_arguments, backtest.run),
    "check": (check.HELP, check.add_arguments, check.run),
    "classify": (classify.HELP, classify.add_arguments, classify.run),
    "halt": (halting.HALT_HELP, halting.add_halt_arguments, halting.run_halt),
    "report": (reporting.HELP, reporting.add_arguments, reporting.run),
    "resume": (halting.RESUME_HELP, add_table, halting.run_resume),
    "compile": (compiling.HELP, compiling.add_arguments, compiling.run),
}
# Commands with a grammar of their own: (what they do, the module whose ``main`` takes the arguments, the extra it needs).
ELSEWHERE: Mapping[str, tuple[str, str, str]] = {
    "local": (
        "run an AWS on this machine: SageMaker, DynamoDB, Slack and a virtual clock",
        "infra.local.cli",
        "spotwarden[local]",
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Return 0 for clean, 1 for findings, 2 for bad input."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in ELSEWHERE:
        return _elsewhere(arguments[0], arguments[1:])
    chosen = _parser().parse_args(arguments)
    run: Run = chosen.run
    return run(chosen)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="spotwarden", description="Makes SageMaker Managed Spot Training safe to use, and honest.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (help_, add_arguments, run) in COMMANDS.items():
        command = commands.add_parser(name, help=help_, description=f"{help_[0].upper()}{help_[1:]}.")
        add_arguments(command)
        command.set_defaults(run=run)
    for name, (help_, _, _) in ELSEWHERE.items():
        commands.add_parser(name, help=help_, add_help=False)
    return parser


def _elsewhere(name: str, arguments: list[str]) -> int:
    _, module, extra = ELSEWHERE[name]
    try:
        run: Callable[[list[str]], int] = import_module(module).main
    except ModuleNotFoundError as error:
        print(f"spotwarden {name}: found no module {error.name!r}, wanted {extra}: pip install '{extra}'", file=sys.stderr)
        return 2
    return run(arguments)
