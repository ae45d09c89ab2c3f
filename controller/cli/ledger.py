"""Opens the ledger from a person's machine, and says in one sentence why it cannot be reached."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from controller.cli.errors import BadInput
from controller.runtime.ports import Clock, Ledger, Outbox, Unreachable

Work = Callable[[Ledger, Clock], int]
WorkWithOutbox = Callable[[Ledger, Outbox, Clock], int]


def with_ledger(table: str | None, work: Work) -> int:
    """Open the ledger and work with it. Raises BadInput for a missing table, credentials or region, or an error of AWS."""
    return with_outbox(table, lambda ledger, _, clock: work(ledger, clock))


def with_outbox(table: str | None, work: WorkWithOutbox) -> int:
    """The same with the messages that wait for Slack."""
    if not table:
        raise BadInput("found no table, wanted --table NAME or SPOTWARDEN_TABLE: the stack's output Ledger names it")
    from controller import wiring  # boto3 is slow to load, and few commands need it
    from controller.aws.dynamodb.ledger import DynamoLedger
    from controller.aws.dynamodb.outbox import DynamoOutbox

    try:
        dynamodb = wiring.client("dynamodb")
        return work(DynamoLedger(dynamodb, table), DynamoOutbox(dynamodb, table), wiring.clock())
    except NoCredentialsError as error:
        raise BadInput("found no AWS credentials, wanted a profile, a role or AWS_ACCESS_KEY_ID in the environment") from error
    except NoRegionError as error:
        raise BadInput("found no AWS region, wanted AWS_DEFAULT_REGION or a profile that names one") from error
    except ClientError as error:
        raise BadInput(_refused(error, table)) from error
    except (BotoCoreError, Unreachable, ValueError) as error:
        raise BadInput(str(error)) from error


def _refused(error: ClientError, table: str) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code == "ResourceNotFoundException":
        return f"found no table {table!r} in this account and region ({code}), wanted the stack's output Ledger"
    return str(error)
