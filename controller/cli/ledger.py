"""Reaches the ledger from a person's machine, and says clearly where it cannot."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from controller.runtime.ports import Clock, Ledger, Unreachable

Work = Callable[[Ledger, Clock], int]


def add_table(parser: ArgumentParser) -> None:
    parser.add_argument("--table", metavar="NAME", help="the ledger's table (default: SPOTWARDEN_TABLE)")


def with_ledger(command: str, arguments: Namespace, work: Work) -> int:
    """Do something with the ledger; 2 where a table, credentials or a region are missing, or AWS says no."""
    table = arguments.table or os.environ.get("SPOTWARDEN_TABLE")
    if not table:
        return _wrong(command, "found no table, wanted --table NAME or SPOTWARDEN_TABLE: the stack's output Ledger names it")
    from controller import wiring  # boto3 is loaded by who needs it
    from controller.aws.dynamodb.ledger import DynamoLedger

    try:
        return work(DynamoLedger(wiring.client("dynamodb"), table), wiring.clock())
    except (ClientError, BotoCoreError, Unreachable, ValueError) as error:
        return _wrong(command, str(error))


def _wrong(command: str, why: str) -> int:
    print(f"spotwarden {command}: {why}", file=sys.stderr)
    return 2
