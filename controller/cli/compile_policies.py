"""``spotwarden compile``: turns a policy folder into the JSON document that ships to Lambda."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from controller.aws.system_clock import SystemClock
from controller.cli.output_file import write_output
from controller.cli.usage import BAD_INPUT
from controller.policyfile import as_text, validate_folder
from controller.policyfile.folder import NOT_READ, is_case_file, unread_files


def run(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder of policy files.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to this file instead of standard output.")
    ] = None,
) -> int:
    """Write the compiled document; print every mistake of every file where there is one, and warnings."""
    validated = validate_folder(folder, now=SystemClock().now())
    for problem in (*validated.errors, *validated.warnings):
        if problem.code != NOT_READ:  # said below, with the other files
            print(problem.text, file=sys.stderr)
    if validated.errors:
        return BAD_INPUT
    for path in unread_files(Path(folder)):
        why = "cases, which spotwarden test runs" if is_case_file(path) else "its name does not end in .yaml"
        print(f"not read as a policy: {path} ({why})", file=sys.stderr)
    text = as_text(validated.document)
    if output is None:
        sys.stdout.write(text)
        return 0
    write_output(output, text)
    return 0
