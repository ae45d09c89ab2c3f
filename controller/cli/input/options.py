"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

LOCAL_FOLDER = "policies"  # the folder of policy files in the working directory


class OutputFormat(StrEnum):
    """How a command prints its result."""

    TEXT = "text"
    JSON = "json"


Format = Annotated[OutputFormat, typer.Option("--format", help="Text for people, or JSON for programs.")]
Table = Annotated[
    str | None,
    typer.Option("--table", metavar="NAME", envvar="SPOTWARDEN_TABLE", help="The DynamoDB table of the ledger."),
]
PeriodText = Annotated[
    str | None,
    typer.Option(
        "--period",
        metavar="PERIOD",
        show_default="this month so far",
        help='2026-10, "last month", 2026-W41, "last week", 2026-10-05, yesterday or 2026-10-01..2026-10-15. Days are UTC.',
    ),
]
