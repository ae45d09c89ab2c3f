"""``spotwarden validate``: every error of every policy file at once, and what is legal but suspicious."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from controller.aws.system_clock import SystemClock
from controller.cli.cases.run_cases import cases_of
from controller.cli.input.options import LOCAL_FOLDER
from controller.cli.output.errors import BadInput
from controller.cli.output.problem_formats import as_github, as_json, as_sarif
from controller.cli.output.usage import BAD_INPUT
from controller.policy.load_policy import load_policy
from controller.policyfile import BadPolicy, Problem, Validated, validate_folder
from controller.policyfile.folder import folder_files
from controller.units.plural import count

FINE, WARNINGS = 0, 1


class ProblemFormat(StrEnum):
    """How problems are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


FORMATS: Mapping[ProblemFormat, Callable[[Sequence[Problem]], str]] = {
    ProblemFormat.TEXT: lambda problems: "".join(f"{problem.text}\n" for problem in problems),
    ProblemFormat.JSON: as_json,
    ProblemFormat.SARIF: as_sarif,
    ProblemFormat.GITHUB: as_github,
}


def run(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder of policy files.")] = LOCAL_FOLDER,
    strict: Annotated[bool, typer.Option("--strict", help="Count warnings: exit code 1 instead of 0.")] = False,
    format_: Annotated[
        ProblemFormat,
        typer.Option("--format", help="Text for people, JSON for programs, SARIF for code scanning, GitHub's annotations."),
    ] = ProblemFormat.TEXT,
) -> int:
    """Print every problem, and in the text format a summary. Raises BadInput for an empty folder name."""
    if not folder:  # a shell variable that is not set: Path("") would be the working directory
        raise BadInput("found an empty name, wanted a policy folder")
    validated = validate_folder(Path(folder), now=SystemClock().now())
    errors = tuple(sorted({*validated.errors, *_case_errors(Path(folder), validated)}))
    sys.stdout.write(FORMATS[format_]((*errors, *validated.warnings)))
    if format_ is ProblemFormat.TEXT:
        print(f"{folder}: {count(len(errors), 'error')}" if errors else f"{folder}: {_summary(validated)}")
    if errors:
        return BAD_INPUT
    return WARNINGS if strict and validated.warnings else FINE


def _summary(validated: Validated) -> str:
    rules, blocks = (len(validated.document[section]) for section in ("rules", "resubmit"))
    what = f"{count(rules, 'rule')}, {count(blocks, 'resubmit block')}, {count(len(validated.warnings), 'warning')}"
    return f"valid, {what}, revision {validated.document['revision']}"


def _case_errors(folder: Path, validated: Validated) -> tuple[Problem, ...]:
    """The errors of the case files beside the policies. Names of rules in them are checked only if the policies compile."""
    try:
        if folder_files(folder).cases:
            at = datetime.min.replace(tzinfo=UTC)
            cases_of(folder, None if validated.errors else load_policy(validated.document, in_force_at=at))
    except BadPolicy as error:
        return error.problems
    return ()
