"""The command ``spotwarden``: what people and their CI run. Reading order: this table of commands, then a file per command.

It may import everything below. What a command prints is here or in ``controller.notifications``; what a decision is, is in
``controller.decide``. Nothing here ships to Lambda.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated

import typer

from controller.cli.usage import BAD_INPUT, guarded, usage_error
from controller.cli.version import installed_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command and its help: one sentence, examples, and what its exit codes mean.

    ``run`` is the module and the function. Only the command that is called is imported: some of them need boto3.
    """

    name: str
    run: str
    help: str
    examples: tuple[str, ...]
    exit_codes: str = "0 done, 2 bad input or AWS unreachable"
    forwards: bool = False

    @property
    def function(self) -> Callable[..., int]:
        module, _, function = self.run.rpartition(".")
        found: Callable[..., int] = getattr(import_module(f"controller.cli.{module}"), function)
        return found

    @property
    def epilog(self) -> str:
        examples = "\n  ".join(self.examples)
        return f"\b\nExamples:\n  {examples}\n\n\b\nExit codes:\n  {self.exit_codes}"


COMMANDS: tuple[Command, ...] = (
    Command(
        name="check",
        run="check.run",
        help="Check training jobs against the policies and against SageMaker's own limits.",
        examples=("spotwarden check job.json --policies policies --format json",),
        exit_codes=(
            "0 every rule decided, none broken; 1 findings; 2 bad input or usage; 3 undecided; 4 SageMaker would refuse it;"
            " 5 AWS unreachable; 130 Ctrl-C. Over several jobs 2 goes before 5, 4, 1, 3 and 0."
        ),
    ),
    Command(
        name="classify",
        run="classify.run",
        help="Name the cause of a FailureReason, and whether a retry helps.",
        examples=('spotwarden classify "CapacityError: Unable to provision requested ML compute capacity."',),
        exit_codes="0 done",
    ),
    Command(
        name="compile",
        run="compile_policies.run",
        help="Compile policy files to the JSON that ships to Lambda.",
        examples=("spotwarden compile policies --output policies.json",),
        exit_codes="0 done, 2 a mistake in a policy, or a file that cannot be written",
    ),
    Command(
        name="validate",
        run="validate.run",
        help="Find every mistake in policy files, and what looks like one.",
        examples=("spotwarden validate policies", "spotwarden validate --strict --format github"),
        exit_codes="0 no error, 1 warnings with --strict, 2 errors or bad usage, 130 Ctrl-C",
    ),
    Command(
        name="schema",
        run="schema.run",
        help="Print the JSON Schema of policy files, for editors.",
        examples=("spotwarden schema --output policy.schema.json", "spotwarden schema --format markdown"),
        exit_codes="0 done, 2 bad input",
    ),
    Command(
        name="test",
        run="cases.run",
        help="Run the cases beside the policies, and say what no case reaches.",
        examples=("spotwarden test policies --coverage --junit cases.xml",),
        exit_codes=(
            "0 every case passed; 1 a case failed, or with --coverage no case reaches a part of the policies; 2 bad input;"
            " 130 Ctrl-C"
        ),
    ),
    Command(
        name="init",
        run="init.run",
        help="Write a policy to start with, its cases, and a recipe for CI.",
        examples=("spotwarden init", "spotwarden init ml/policies"),
        exit_codes="0 written, 2 bad input, or a file exists: nothing is overwritten",
    ),
    Command(
        name="explain",
        run="explain.command.run",
        help="Say why a job is judged as it is, and what comes next.",
        examples=(
            "spotwarden explain job.json --policies policies",
            "spotwarden explain bert-017 --table NAME --format json",
        ),
        exit_codes="0 explained, 2 bad input, an unknown job, or AWS unreachable",
    ),
    Command(
        name="report",
        run="report.run",
        help="Report what spot cost, saved, wasted and missed.",
        examples=("spotwarden report --period 2026-W41 --by user --format html --out report.html",),
    ),
    Command(
        name="audit",
        run="audit.run",
        help="Compare the recorded savings with what AWS reports today.",
        examples=(
            "spotwarden audit --period 2026-10",
            "spotwarden audit --period 2026-10 --bill s3://my-exports/cur2/bill.csv.gz",
        ),
        exit_codes="0 no difference, 1 differences, 2 bad input or AWS unreachable",
    ),
    Command(
        name="advise",
        run="advise.run",
        help="Recommend limits and an instance type for a family of jobs.",
        examples=("spotwarden advise train-bert --days 30",),
    ),
    Command(
        name="export history",
        run="history.export.run",
        help="Write the account's training jobs to a file, one a line.",
        examples=(
            "spotwarden export history --since 90d --out history.jsonl",
            "spotwarden export history --since 2026-10-01 > history.jsonl",
        ),
    ),
    Command(
        name="backtest policies",
        run="backtest_policies.command.run",
        help="Say what a policy folder would have done to recorded jobs.",
        examples=(
            "spotwarden backtest policies --history history.jsonl",
            "spotwarden backtest policies --history history.jsonl --against main/policies --format markdown",
        ),
        exit_codes="0 every rule decided, none broken; 1 findings; 2 bad input, or a line that is no job; 3 undecided",
    ),
    Command(
        name="backtest deadline",
        run="backtest.run",
        help="Test the deadline decision on recorded spot capacity.",
        examples=("spotwarden backtest deadline --traces spot-traces --shapes 48h/60h",),
        exit_codes="0 done, 2 bad input",
    ),
    Command(
        name="halt",
        run="halt.run_halt",
        help="Pause all actions and messages; recording continues.",
        examples=('spotwarden halt --why "a policy stops the wrong jobs"',),
    ),
    Command(
        name="resume",
        run="halt.run_resume",
        help="End a halt; work continues within five minutes.",
        examples=("spotwarden resume",),
    ),
    Command(
        name="doctor",
        run="doctor.run",
        help="Look at an installation, and say what is wrong.",
        examples=("spotwarden doctor --stack spotwarden-dev --format json",),
        exit_codes="0 all in order, 1 something is wrong or cannot be seen, 2 bad input or AWS unreachable",
    ),
    Command(
        name="status",
        run="status.run",
        help="Show what waits, what is overdue, a halt, and the policy in force.",
        examples=("spotwarden status --table TABLE",),
    ),
    Command(
        name="redrive",
        run="redrive.run_redrive",
        help="Send again what Slack refused, and hand dead letters over again.",
        examples=(
            "spotwarden redrive --table TABLE",
            "spotwarden redrive --queue https://sqs.us-east-1.amazonaws.com/123456789012/DeadLetters --function JobChanged",
        ),
        exit_codes="0 done, 1 a message could not be read and is kept, 2 bad input or AWS unreachable",
    ),
    Command(
        name="replay",
        run="redrive.run_replay",
        help="Look again at the jobs that changed since a time.",
        examples=("spotwarden replay --since 2026-11-20T09:00 --function JobChanged",),
    ),
    Command(
        name="slack-manifest",
        run="slack_manifest.run",
        help="Print the manifest of the Slack app, to paste.",
        examples=("spotwarden slack-manifest --url https://abc123.execute-api.us-east-1.amazonaws.com/api/",),
        exit_codes="0 done, 2 bad input",
    ),
    Command(
        name="demo",
        run="embedded.run_demo",
        help="Simulate a week of training jobs on this machine.",
        examples=("spotwarden demo --keep --ports-file ports.json",),
        forwards=True,
    ),
    Command(
        name="local",
        run="embedded.run_local",
        help="Run the AWS that is embedded in this machine.",
        examples=("spotwarden local demo",),
        forwards=True,
    ),
)

GROUPS = {
    "backtest": "Try a policy or a decision on what happened before.",
    "export": "Write what AWS knows to a file.",
}
"""Commands of two words, by the first of them."""

FORWARDS = {"allow_extra_args": True, "ignore_unknown_options": True}  # the embedded AWS reads these arguments itself


INTERRUPTED = 130  # the exit code that a shell reports after Ctrl-C


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 clean, 1 findings, 2 bad input, 130 after Ctrl-C."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments:
        main(["--help"])
        return BAD_INPUT
    try:
        code = guarded("spotwarden", _run)(arguments)
    except KeyboardInterrupt:  # while the command was loaded; typer itself turns a later one into the code
        return INTERRUPTED
    except typer.TyperException as error:
        print(usage_error(error), file=sys.stderr)
        return BAD_INPUT
    return code if isinstance(code, int) else 0


def _run(arguments: list[str]) -> int:
    """Run typer under the same guard as each command: help and version are output, too."""
    code: object = typer.main.get_command(_app(arguments)).main(arguments, prog_name="spotwarden", standalone_mode=False)
    return code if isinstance(code, int) else 0


def _app(arguments: Sequence[str]) -> typer.Typer:
    """The commands as typer wants them: the one that is called with its own arguments, the others with their names alone."""
    app = typer.Typer(
        name="spotwarden",
        epilog="Run 'spotwarden COMMAND --help' for the options of a command, an example and its exit codes.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help="Make SageMaker Managed Spot Training safe to use, and report what it really saves.")(_spotwarden)
    groups = {name: typer.Typer(help=help_, no_args_is_help=True) for name, help_ in GROUPS.items()}
    for name, group in groups.items():
        app.add_typer(group, name=name)
    for one in COMMANDS:
        *of, name = one.name.split(" ")
        (groups[of[0]] if of else app).command(
            name,
            help=one.help,
            epilog=one.epilog,
            add_help_option=not one.forwards,
            context_settings=FORWARDS if one.forwards else None,
        )(guarded(one.name, one.function if {*of, name} <= {*arguments} else _not_called))
    return app


def _not_called() -> int:
    """Stands for a command that is not called."""
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
