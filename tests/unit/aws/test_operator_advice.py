"""An error that no retry repairs is told with what an operator can do."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from controller.aws.operator_advice import OF_THE_TABLE, advice

GONE = "the table Spotwarden is gone: restore it from its backup, and deploy with its name as ExistingLedger"


def said(operation: str, code: str, message: str = "m") -> str:
    error = ClientError({"Error": {"Code": code, "Message": message}}, operation)
    return advice(error, table="Spotwarden", secret="arn:slack")


@pytest.mark.parametrize("operation", sorted(OF_THE_TABLE))
def test_a_table_that_is_gone(operation: str) -> None:
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
def test_other_errors(operation: str, code: str, told: str) -> None:
    found = said(operation, code)
    assert told in found
    assert bool(told) == bool(found)


def test_the_cause_of_an_error_is_looked_at_too() -> None:
    problem = RuntimeError("the ledger cannot be read")
    problem.__cause__ = ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "m"}}, "Query")
    assert advice(problem, table="Spotwarden", secret="") == GONE
    assert advice(ValueError("x"), table="Spotwarden", secret="") == ""
