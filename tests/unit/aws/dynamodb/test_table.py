"""A call of the table that AWS refuses raises AWS's own error; a call that may work later raises Unreachable."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from controller.aws.dynamodb.table import Table
from controller.aws.operator_advice import advice
from controller.runtime.ports.answers import Unreachable
from tests.client_errors import client_error

CALLS = ("get", "query", "put", "transact")
NAME, KEY = "Ledger", {"pk": {"S": "a"}, "sk": {"S": "b"}}


class Refusing:
    """A client whose calls all raise one error."""

    def __init__(self, error: ClientError) -> None:
        self._error = error

    def __getattr__(self, call: str) -> Any:
        def refused(**asked: Any) -> Any:
            raise self._error

        return refused


def called(name: str, error: ClientError) -> Any:
    """The exception that one call of the table raises."""
    table = Table(Refusing(error), NAME)
    calls = {
        "get": lambda: table.get("a", "b"),
        "query": lambda: list(table.query(KeyConditionExpression="pk = :pk")),
        "put": lambda: table.put(KEY),
        "transact": lambda: table.transact([{"Put": {"Item": KEY}}]),
    }
    with pytest.raises((ClientError, Unreachable)) as raised:
        calls[name]()
    return raised.value


@pytest.mark.parametrize("name", CALLS)
def test_an_error_that_no_retry_repairs_is_raised_as_it_is_and_is_not_its_own_cause(name: str) -> None:
    """Otherwise a loop over an error and its causes would never end."""
    error = client_error("ValidationException", "found half a character", "TransactWriteItems")
    assert called(name, error) is error
    assert error.__cause__ is None
    assert advice(error, table=NAME, secret="") == ""


@pytest.mark.parametrize("name", CALLS)
def test_a_throttled_call_is_unreachable_because_of_the_error(name: str) -> None:
    error = client_error("ThrottlingException")
    raised = called(name, error)
    assert (type(raised), raised.__cause__) == (Unreachable, error)
