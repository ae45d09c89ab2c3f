"""Each function may make exactly the calls that its code can make: none is missing, and none is granted that nothing calls."""

from __future__ import annotations

import pytest

from infra import function_permissions as permissions
from tests.packaging.calls_of_the_code import calls_of


@pytest.mark.parametrize("function", permissions.FUNCTIONS)
def test_a_function_is_granted_the_calls_of_its_code_and_no_others(function: str) -> None:
    granted = set(permissions.FUNCTIONS[function]) - permissions.BY_LAMBDA
    assert granted == calls_of(function)


def test_the_derivation_sees_through_ports_helpers_tables_of_functions_and_the_indexes() -> None:
    assert {"sagemaker CreateTrainingJob", "s3 ListObjectsV2", "dynamodb Query due"} <= calls_of("sweep")
    assert {"sagemaker DescribeTrainingJob", "secretsmanager GetSecretValue"} <= calls_of("api_handler")
    assert {"s3 PutObject", "dynamodb Query day", "dynamodb TransactWriteItems with Delete"} <= calls_of("digests")
    assert {"dynamodb Query", "ec2 DescribeInstances"} <= calls_of("market_signalled")


def test_no_function_is_granted_an_action_that_no_call_needs() -> None:
    for function, calls in permissions.FUNCTIONS.items():
        needed = {
            action for call in (*calls, *permissions.BY_LAMBDA) for grant in permissions.CALLS[call] for action in grant.actions
        }
        logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
        granted = {action for statement in permissions.statements(function) for action in statement["Action"]}
        assert granted <= needed | logs, function
        assert "dynamodb:ConditionCheckItem" not in granted  # no transaction of the code checks without writing
