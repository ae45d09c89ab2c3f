"""Says what an operator can do about an AWS error that no retry repairs: something is gone, or the role lacks a permission."""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

from controller.aws.errors import AwsFault, fault_of

OF_THE_TABLE = frozenset({
    "BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "TransactGetItems",
    "TransactWriteItems", "UpdateItem",
})  # fmt: skip


OTHER_KEYS = ("key element", "key schema element", "missing the key", "specified index")
UNKNOWN = frozenset({"InvalidClientTokenId", "UnrecognizedClientException"})  # the credentials are refused, not a permission
ACTION = re.compile(r".*not authorized to perform: ([a-z0-9-]+:[A-Za-z*]+)", re.DOTALL)
# What AWS's message names as the reason of a denial → what an operator has to look at. The first match counts.
TAKEN_BY = (
    ("service control policy", "a service control policy of the organization forbids it: ask the person who manages that policy"),
    (
        "resource control policy",
        "a resource control policy of the organization forbids it: ask the person who manages that policy",
    ),
    ("permissions boundary", "the permissions boundary (PermissionsBoundary) does not allow it: add it there"),
    ("vpc endpoint policy", "the policy of the VPC endpoint does not allow it: add it there"),
    ("explicit deny", "a policy denies it explicitly: find that Deny statement"),
)


def advice(error: BaseException | None, *, table: str, secret: str, region: str = "") -> str:
    """What is wrong and what to do about an error or its cause; empty where nothing more is known.

    ``table`` and ``secret`` are the stack's names of both.
    """
    while error is not None:
        if isinstance(error, ClientError) and (said := _advice(error, table, secret, region)):
            return said
        error = error.__cause__
    return ""


def missing_secret(secret: str, region: str) -> str:
    """What to do about a secret that was not found in ``region``."""
    _, _, _, of, *_ = [*secret.split(":"), "", "", "", ""]
    if region and of not in ("", region):
        return (
            f"the secret {secret} is in {of}, but this stack is in {region}: create one in {region},"
            " and name it in SlackTokenSecret"
        )
    return f"found no secret {secret}: create it, or deploy without SlackTokenSecret"


def secret_advice(error: ClientError, secret: str) -> str:
    """What to do about a secret that exists and cannot be read; empty where nothing has to be done."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code == "InvalidRequestException":  # Secrets Manager's code for a secret that is marked for deletion
        return (
            f"the secret {secret} is marked for deletion: aws secretsmanager restore-secret --secret-id {secret}"
            " cancels the deletion"
        )
    if code == "DecryptionFailure":
        return f"the secret {secret} cannot be decrypted: enable its KMS key, or cancel the deletion of the key"
    return ""


def _advice(error: ClientError, table: str, secret: str, region: str) -> str:
    fault, operation = fault_of(error), str(error.operation_name)
    if operation in OF_THE_TABLE and (said := _table_advice(error, fault, table)):
        return said
    if operation == "GetSecretValue":
        if fault is AwsFault.MISSING:
            return missing_secret(secret, region)
        if fault is AwsFault.DENIED and not _taken_by(error):
            return (
                f"the function's role may not read the secret {secret}: name its own KMS key in SlackSecretKey, if it has one;"
                " else deploy the stack again with REVERT_DRIFT=yes"
            )
        if fault is not AwsFault.DENIED:
            return secret_advice(error, secret)
    if fault is AwsFault.DENIED:
        return _denied(error, operation)
    return ""


def _table_advice(error: ClientError, fault: AwsFault, table: str) -> str:
    text = _text(error)
    if fault is AwsFault.MISSING:
        return f"the table {table} is gone: restore it from its backup, and deploy with its name as ExistingLedger"
    if fault is AwsFault.INVALID and any(sign in text for sign in OTHER_KEYS):
        return (
            f"the table {table} has other keys or indexes than a ledger: spotwarden doctor says which; make a table with those of"
            " Ledger in infra/resources.json, and restore an export into it"
        )
    if error.response.get("Error", {}).get("Code") == "ProvisionedThroughputExceededException":
        return (
            f"the table {table} has too little capacity: aws dynamodb update-table --table-name {table} --billing-mode"
            " PAY_PER_REQUEST removes that limit"
        )
    return ""


def _denied(error: ClientError, operation: str) -> str:
    if error.response.get("Error", {}).get("Code") in UNKNOWN:
        return (
            f"AWS rejected the credentials of the function's role, at {operation}: enable the region for this account; if"
            " the role was deleted, deploy the stack again with REVERT_DRIFT=yes"
        )
    found = ACTION.match(str(error.response.get("Error", {}).get("Message", "")))
    action = f"{operation} ({found[1]})" if found and found[1].partition(":")[2] != operation else operation
    if taken := _taken_by(error):
        return f"the function's role may not call {action}: {taken}"
    if found and found[1].startswith("kms:"):
        return (
            f"the function's role may not call {action}: add it to the key policy, or name the key in the stack parameter for it"
        )
    return (
        f"the function's role may not call {action}: deploy the stack again with REVERT_DRIFT=yes;"
        " look at PermissionsBoundary and at the policies of the organization, which can remove permissions"
    )


def _taken_by(error: ClientError) -> str:
    text = _text(error)
    return next((told for sign, told in TAKEN_BY if sign in text), "")


def _text(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", "")).lower()
