"""``spotwarden classify``: names the cause of a FailureReason, and says whether another try can help."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from controller.jobs.failure import classify

HELP = "name the cause of a FailureReason, and say whether to try again"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT", help='the FailureReason: "CapacityError: Unable to provision …"')


def run(arguments: Namespace) -> int:
    cause = classify(arguments.text)
    print(json.dumps({"cause": cause.value, "retryable": cause.retryable, "why": cause.why}, ensure_ascii=False))
    return 0
