"""Opens the ledger's table, for the commands that read or write all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.cli.aws_calls import explained, patient_client
from controller.cli.output.errors import AwsUnreachable, BadInput
from controller.runtime.ports.answers import Unreachable


def with_table(table: str | None, work: Callable[[Any, str], int]) -> int:
    """Call ``work`` with a DynamoDB client and the table's name. Raises BadInput without a name, and AwsUnreachable."""
    if not table:
        raise BadInput("found no table, wanted --table NAME or SPOTWARDEN_TABLE: the stack's output Ledger names it")
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return work(patient_client("dynamodb"), table)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
            raise AwsUnreachable(
                f"found no table {table!r} in this account and region; check --region and --profile too"
            ) from error
        raise explained(error) from error
    except (BotoCoreError, Unreachable) as error:
        raise explained(error) from error
