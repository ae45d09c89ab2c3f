"""``spotwarden schema``: the JSON Schema of policy files, for editors, and the reference of all keys."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.output.output_file import refuse_unwritable, write_output
from controller.policyfile.json_schema import schema_text
from controller.policyfile.reference import reference_page


class SchemaFormat(StrEnum):
    """JSON Schema for editors, Markdown for people."""

    JSON = "json"
    MARKDOWN = "markdown"


def run(
    format_: Annotated[
        SchemaFormat, typer.Option("--format", help="JSON Schema, or the reference as Markdown.")
    ] = SchemaFormat.JSON,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to this file instead of standard output.")
    ] = None,
) -> int:
    """Print the schema or the reference, or write it to a file."""
    text = schema_text() if format_ is SchemaFormat.JSON else reference_page()
    if output is None:
        sys.stdout.write(text)
    else:
        refuse_unwritable(output)
        write_output(output, text)
    return 0
