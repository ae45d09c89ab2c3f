"""Opens the ledger for a command, and turns each error into one sentence."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from controller.cli.aws_calls import explained
from controller.cli.output.errors import AwsUnreachable, BadInput
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.aws import Clock
from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.outbox import Outbox

Work = Callable[[Ledger, Clock], int]
WorkWithOutbox = Callable[[Ledger, Outbox, Clock], int]


def with_ledger(table: str | None, work: Work) -> int:
    """Open the ledger and call ``work``. Raises BadInput without a table's name, AwsUnreachable if the table does not answer."""
    return with_outbox(table, lambda ledger, _, clock: work(ledger, clock))


def with_outbox(table: str | None, work: WorkWithOutbox) -> int:
    """Like ``with_ledger``; ``work`` also gets the outbox, which holds the messages that wait for Slack."""
    if not table:
        raise BadInput("found no table, wanted --table NAME or SPOTWARDEN_TABLE: the stack's output Ledger names it")
    from controller import wiring  # boto3 is slow to load, and few commands need it
    from controller.aws.dynamodb.all_ports import DynamoLedger
    from controller.aws.dynamodb.outbox import DynamoOutbox

    try:
        dynamodb = wiring.client("dynamodb")
        return work(DynamoLedger(dynamodb, table), DynamoOutbox(dynamodb, table), wiring.clock())
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
            said = f"found no table {table!r} in this account and region (ResourceNotFoundException)"
            raise AwsUnreachable(f"{said}, wanted the stack's output Ledger; check --region and --profile too") from error
        raise explained(error) from error
    except (BotoCoreError, Unreachable) as error:
        raise explained(error) from error
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(str(error)) from error
