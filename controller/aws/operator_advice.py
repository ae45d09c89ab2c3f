"""Says what an operator can do about an error of AWS that no retry repairs: something is gone, or the role lacks a right."""

from __future__ import annotations

from botocore.exceptions import ClientError

from controller.aws.errors import AwsFault, fault_of

OF_THE_TABLE = frozenset({
    "BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "TransactGetItems",
    "TransactWriteItems", "UpdateItem",
})  # fmt: skip


def advice(error: BaseException | None, *, table: str, secret: str) -> str:
    """Return what is wrong and what to do, for an error or what caused it; empty where nothing more is known."""
    while error is not None:
        if isinstance(error, ClientError) and (said := _advice(error, table, secret)):
            return said
        error = error.__cause__
    return ""


def secret_advice(error: ClientError, secret: str) -> str:
    """What to do about a secret that is there and cannot be read; empty where that passes."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code == "InvalidRequestException":  # so Secrets Manager says of a secret that will be deleted
        return (
            f"the secret {secret} is marked for deletion: aws secretsmanager restore-secret --secret-id {secret} takes that back"
        )
    if code == "DecryptionFailure":
        return f"the secret {secret} cannot be decrypted: enable its KMS key, or take back the deletion of the key"
    return ""


def _advice(error: ClientError, table: str, secret: str) -> str:
    fault, operation = fault_of(error), str(error.operation_name)
    if fault is AwsFault.MISSING and operation in OF_THE_TABLE:
        return f"the table {table} is gone: restore it from its backup, and deploy with its name as ExistingLedger"
    if operation == "GetSecretValue":
        if fault is AwsFault.MISSING:
            return f"found no secret {secret}: create it, or deploy without SlackTokenSecret"
        if fault is AwsFault.DENIED:
            return f"the function's role may not read the secret {secret}: name its own KMS key in SlackSecretKey, if it has one"
        return secret_advice(error, secret)
    if fault is AwsFault.DENIED:
        return (
            f"the function's role may not call {operation}: deploy the stack again with REVERT_DRIFT=yes;"
            " look at PermissionsBoundary and at the policies of the organization, which can take rights away"
        )
    return ""
