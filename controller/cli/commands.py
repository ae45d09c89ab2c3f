"""The table of commands: a name, its function, its help. A command's file is imported when it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command and its help.
    ``run``: the module and the function below ``controller.cli``, imported only when called, because boto3 is slow to load.
    ``help``: one sentence. ``aws``: it calls AWS and has ``--region`` and ``--profile``. ``forwards``: it passes arguments on.
    """

    name: str
    run: str
    help: str
    examples: tuple[str, ...]
    exit_codes: str = "0 done; 2 bad input or usage"
    aws: bool = False
    forwards: bool = False

    @property
    def function(self) -> Callable[..., int]:
        module, _, function = self.run.rpartition(".")
        found: Callable[..., int] = getattr(import_module(f"controller.cli.{module}"), function)
        if not self.aws:
            return found
        from controller.cli.aws_calls import with_region_and_profile  # boto3 is slow to load

        return with_region_and_profile(found)

    @property
    def epilog(self) -> str:
        examples = "\n  ".join(self.examples)
        return f"\b\nExamples:\n  {examples}\n\n\b\nExit codes:\n  {self.codes}"

    @property
    def codes(self) -> str:
        """What its exit codes mean, with the codes that commands share: 5 if they call AWS, and 130 for Ctrl-C."""
        unreachable = "; 5 AWS or the table does not answer" if self.aws and "5 " not in self.exit_codes else ""
        return f"{self.exit_codes}{unreachable}; 130 Ctrl-C"


COMMANDS: tuple[Command, ...] = (
    Command(
        name="check",
        run="check.command.run",
        aws=True,
        help="Check training jobs against the policies and against SageMaker's own limits.",
        examples=("spotwarden check job.json --policies policies --format json",),
        exit_codes=(
            "0 every rule decided, none broken; 1 findings; 2 bad input or usage; 3 undecided; 4 SageMaker would refuse it;"
            " 5 AWS does not answer. With several jobs: the first of 2, 5, 4, 1, 3 and 0 that one of them has"
        ),
    ),
    Command(
        name="classify",
        run="classify.run",
        help="Name the cause of a FailureReason, and whether a retry helps.",
        examples=('spotwarden classify "CapacityError: Unable to provision requested ML compute capacity."',),
        exit_codes="0 done; 2 bad usage",
    ),
    Command(
        name="compile",
        run="compile_policies.run",
        help="Compile policy files to the JSON that Lambda reads.",
        examples=(
            "spotwarden compile policies --output policies.json",
            "spotwarden compile policies --to s3://acme-policies/policies.json",
        ),
        exit_codes="0 done; 2 a mistake in a policy, or a place that cannot be written; 5 AWS does not answer",
        aws=True,
    ),
    Command(
        name="validate",
        run="validate.run",
        help="Find every mistake in policy files, and warn of what may be one.",
        examples=("spotwarden validate policies", "spotwarden validate --strict --format github"),
        exit_codes="0 no error; 1 warnings with --strict; 2 errors or bad usage",
    ),
    Command(
        name="schema",
        run="schema.run",
        help="Print the JSON Schema of policy files, for editors.",
        examples=("spotwarden schema --output policy.schema.json", "spotwarden schema --format markdown"),
        exit_codes="0 done; 2 bad input",
    ),
    Command(
        name="test",
        run="cases.command.run",
        help="Run the cases beside the policies, and list what no case reaches.",
        examples=("spotwarden test policies --coverage --junit cases.xml",),
        exit_codes=(
            "0 every case passed; 1 a case failed, or with --coverage no case reaches a part of the policies; 2 bad input"
        ),
    ),
    Command(
        name="init",
        run="init.run",
        help="Write a policy to start with, its cases, and a recipe for CI.",
        examples=("spotwarden init", "spotwarden init ml/policies"),
        exit_codes="0 written; 2 bad input, or a file of the folder exists: nothing is overwritten",
    ),
    Command(
        name="explain",
        run="explain.command.run",
        aws=True,
        help="Explain why a job is judged as it is, and what comes next.",
        examples=(
            "spotwarden explain job.json --policies policies",
            "spotwarden explain bert-017 --table NAME --format json",
        ),
        exit_codes="0 explained; 2 bad input or an unknown job",
    ),
    Command(
        name="report",
        run="report.run",
        aws=True,
        help="Report what spot cost, saved, wasted and missed.",
        examples=("spotwarden report --period 2026-W41 --by user --format html --out report.html",),
    ),
    Command(
        name="audit",
        run="audit.command.run",
        aws=True,
        help="Compare the recorded savings with what AWS reports today.",
        examples=(
            "spotwarden audit --period 2026-10",
            "spotwarden audit --period 2026-10 --bill s3://my-exports/cur2/bill.csv.gz",
        ),
        exit_codes="0 no difference; 1 differences; 2 bad input or usage",
    ),
    Command(
        name="advise",
        run="advise.run",
        aws=True,
        help="Recommend limits and an instance type for a family of jobs.",
        examples=("spotwarden advise train-bert --days 30",),
    ),
    Command(
        name="export history",
        run="history.export.run",
        aws=True,
        help="Write the account's training jobs to a file, one in each line.",
        examples=(
            "spotwarden export history --since 90d --out history.jsonl",
            "spotwarden export history --since 2026-10-01 > history.jsonl",
        ),
    ),
    Command(
        name="export ledger",
        run="ledger_data.export.run",
        aws=True,
        help="Write every row of the ledger to a file.",
        examples=("spotwarden export ledger --out ledger.jsonl --table TABLE",),
    ),
    Command(
        name="restore ledger",
        run="ledger_data.restore.run",
        aws=True,
        help="Write an export of the ledger into an empty table.",
        examples=("spotwarden restore ledger ledger.jsonl --table NEW_TABLE",),
        exit_codes=(
            "0 done; 1 rows were not written because the table was used meanwhile;"
            " 2 a line that is not a row, a table that is not empty"
        ),
    ),
    Command(
        name="forget",
        run="ledger_data.forget.run",
        aws=True,
        help="Remove a person from the ledger; sums stay.",
        examples=("spotwarden forget ada U0123ABCD --table TABLE", "spotwarden forget ada --yes --table TABLE"),
        exit_codes="0 done; 1 rows changed meanwhile, run it again; 2 bad input or usage",
    ),
    Command(
        name="backtest policies",
        run="backtest_policies.command.run",
        help="Show what a policy folder would have done to recorded jobs.",
        examples=(
            "spotwarden backtest policies --history history.jsonl",
            "spotwarden backtest policies --history history.jsonl --against main/policies --format markdown",
        ),
        exit_codes="0 every rule decided, none broken; 1 findings; 2 bad input, or a line that is not a job; 3 undecided",
    ),
    Command(
        name="backtest deadline",
        run="backtest_deadline.command.run",
        help="Test the deadline decision on recorded spot capacity.",
        examples=("spotwarden backtest deadline --traces spot-traces --shapes 48h/60h",),
        exit_codes="0 done; 2 bad input",
    ),
    Command(
        name="halt",
        run="halt.run_halt",
        aws=True,
        help="Pause all actions and messages; recording continues.",
        examples=('spotwarden halt --why "a policy stops the wrong jobs"',),
    ),
    Command(
        name="resume",
        run="halt.run_resume",
        aws=True,
        help="End a halt; work continues within five minutes.",
        examples=("spotwarden resume",),
        exit_codes="0 done; 1 not resumed: somebody called another halt at the same moment; 2 bad input or usage",
    ),
    Command(
        name="cancel",
        run="cancel.run",
        aws=True,
        help="Call off the attempt that waits to be submitted after a job.",
        examples=('spotwarden cancel bert-2026-11-20 --why "the data is wrong"',),
        exit_codes="0 cancelled; 1 nothing waits, and nothing was changed; 2 bad input or usage",
    ),
    Command(
        name="doctor",
        run="doctor.command.run",
        aws=True,
        help="Check an installation, and report what is wrong.",
        examples=("spotwarden doctor --stack spotwarden-dev --format json",),
        exit_codes="0 all in order; 1 something is wrong or could not be checked; 2 bad input or usage",
    ),
    Command(
        name="status",
        run="status.run",
        aws=True,
        help="Show what waits, what is overdue, a halt, and the policy in force.",
        examples=("spotwarden status --table TABLE",),
    ),
    Command(
        name="redrive",
        run="redrive.run_redrive",
        aws=True,
        help="Send again what Slack refused, and process dead letters again.",
        examples=(
            "spotwarden redrive --table TABLE",
            "spotwarden redrive --queue https://sqs.us-east-1.amazonaws.com/123456789012/DeadLetters",
        ),
        exit_codes="0 done; 1 a message could not be handed over and is kept; 2 bad input or usage",
    ),
    Command(
        name="replay",
        run="redrive.run_replay",
        aws=True,
        help="Look again at the jobs that changed since a time.",
        examples=("spotwarden replay --since 2026-11-20T09:00 --function JobChanged",),
    ),
    Command(
        name="slack-manifest",
        run="slack_manifest.run",
        help="Print the manifest of the Slack app, to paste into Slack.",
        examples=("spotwarden slack-manifest --url https://abc123.execute-api.us-east-1.amazonaws.com/api/",),
        exit_codes="0 done; 2 bad input",
    ),
    Command(
        name="demo",
        run="demo_and_local.run_demo",
        help="Simulate some days of training jobs on this machine.",
        examples=("spotwarden demo --keep --ports-file ports.json",),
        forwards=True,
    ),
    Command(
        name="local",
        run="demo_and_local.run_local",
        help="Run Spotwarden's embedded AWS on this machine.",
        examples=("spotwarden local demo",),
        forwards=True,
    ),
)

GROUPS = {
    "backtest": "Test policies or the deadline decision on recorded data.",
    "export": "Write the training jobs or the ledger to a file.",
    "restore": "Fill an empty table from an export.",
}
"""The first words of commands of two words, and their help."""
