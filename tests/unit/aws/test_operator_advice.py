"""For an error that no retry repairs, the log says what an operator can do."""

from __future__ import annotations

import pytest

from controller.aws.operator_advice import OF_THE_TABLE, advice, missing_secret
from tests.client_errors import client_error

GONE = "the table Spotwarden is gone: restore it from its backup, and deploy with its name as ExistingLedger"


def said(operation: str, code: str, message: str = "m") -> str:
    return advice(client_error(code, message, operation), table="Spotwarden", secret="arn:slack")


@pytest.mark.parametrize("operation", sorted(OF_THE_TABLE))
def test_a_table_that_is_gone_is_restored(operation: str) -> None:
    assert said(operation, "ResourceNotFoundException") == GONE


@pytest.mark.parametrize(
    ("operation", "code", "told"),
    [
        (
            "GetSecretValue",
            "ResourceNotFoundException",
            "found no secret arn:slack: create it, or deploy without",
        ),
        ("GetSecretValue", "AccessDeniedException", "may not read the secret arn:slack: name its own KMS key in SlackSecretKey"),
        (
            "GetSecretValue",
            "InvalidRequestException",
            "is marked for deletion: aws secretsmanager restore-secret --secret-id arn:slack",
        ),
        ("GetSecretValue", "DecryptionFailure", "the secret arn:slack cannot be decrypted: enable its KMS key"),
        ("GetSecretValue", "InternalServiceError", ""),
        ("DescribeTrainingJob", "AccessDeniedException", "may not call DescribeTrainingJob: deploy the stack again"),
        ("PutEvents", "AccessDeniedException", "may not call PutEvents"),
        ("GetObject", "AccessDenied", "may not call GetObject"),
        ("Query", "ThrottlingException", ""),
        ("DescribeTrainingJob", "ResourceNotFound", ""),
    ],
)
def test_another_error_is_told_with_its_remedy_or_without_any(operation: str, code: str, told: str) -> None:
    found = said(operation, code)
    assert told in found
    assert bool(told) == bool(found)


NOT_ALLOWED = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: {} on resource: y "


@pytest.mark.parametrize(
    ("operation", "code", "message", "told"),
    [
        ("GetItem", "ValidationException", "The provided key element does not match the schema", "has other keys"),
        ("Query", "ValidationException", "Query condition missed key schema element: pk", "has other keys"),
        ("Query", "ValidationException", "The table does not have the specified index: due", "has other keys or indexes"),
        ("PutItem", "ValidationException", "One or more parameter values were invalid: Missing the key id", "has other keys"),
        ("PutItem", "ValidationException", "Item size has exceeded the maximum allowed size", ""),
        ("PutItem", "ProvisionedThroughputExceededException", "m", "too little capacity: aws dynamodb update-table --table-name"),
        ("PutItem", "ThrottlingException", "m", ""),
        (
            "GetItem", "AccessDeniedException", NOT_ALLOWED.format("kms:Decrypt") + "because no resource-based policy allows it",
            "may not call GetItem (kms:Decrypt): add it to the key policy, or name the key in the stack parameter for it",
        ),
        (
            "CreateTrainingJob", "AccessDeniedException", NOT_ALLOWED.format("iam:PassRole") + "because no identity-based policy",
            "may not call CreateTrainingJob (iam:PassRole): deploy the stack again with REVERT_DRIFT=yes",
        ),
        (
            "PutItem", "AccessDeniedException", NOT_ALLOWED.format("dynamodb:PutItem")
            + "with an explicit deny in a service control policy",
            "may not call PutItem: a service control policy of the organization forbids it",
        ),
        (
            "PutEvents", "AccessDeniedException", NOT_ALLOWED.format("events:PutEvents")
            + "because no permissions boundary allows",
            "may not call PutEvents: the permissions boundary (PermissionsBoundary) does not allow it: add it there",
        ),
        (
            "GetSecretValue", "AccessDeniedException", NOT_ALLOWED.format("kms:Decrypt")
            + "because no VPC endpoint policy allows",
            "may not call GetSecretValue (kms:Decrypt): the policy of the VPC endpoint",
        ),
        ("Query", "UnrecognizedClientException", "The security token included in the request is invalid", "enable the region"),
    ],
)  # fmt: skip
def test_the_cause_in_the_message_of_aws_decides_the_advice(operation: str, code: str, message: str, told: str) -> None:
    found = said(operation, code, message)
    assert told in found
    assert bool(told) == bool(found)


def test_for_a_secret_of_another_region_the_advice_is_to_make_one_in_this_region() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:slack-AbCdEf"
    assert missing_secret(arn, "us-east-1") == (
        f"the secret {arn} is in eu-west-1, but this stack is in us-east-1: create one in us-east-1,"
        " and name it in SlackTokenSecret"
    )
    assert missing_secret(arn, "eu-west-1").startswith(f"found no secret {arn}: create it")
    assert missing_secret("slack", "us-east-1").startswith("found no secret slack: create it")


def test_the_cause_of_an_error_is_looked_at_too() -> None:
    problem = RuntimeError("the ledger cannot be read")
    problem.__cause__ = client_error("ResourceNotFoundException", operation="Query")
    assert advice(problem, table="Spotwarden", secret="") == GONE
    assert advice(ValueError("x"), table="Spotwarden", secret="") == ""
