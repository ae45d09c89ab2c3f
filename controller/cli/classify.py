"""``spotwarden classify``: names the cause of a FailureReason, and says whether a retry can help."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from controller.jobs.failure import classify


def run(
    text: Annotated[str, typer.Argument(metavar="TEXT", help='A FailureReason, such as "CapacityError: Unable to provision …".')],
) -> int:
    """Print the cause as one JSON object."""
    cause = classify(text)
    print(json.dumps({"cause": cause.value, "retryable": cause.retryable, "why": cause.why}, ensure_ascii=False))
    return 0
