"""The implementations of the ports, each empty for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from controller.aws.clients import CallLimits, client_of
from controller.aws.dynamodb.ledger import DynamoLedger
from controller.aws.dynamodb.outbox import DynamoOutbox
from controller.aws.json_client import OTHERWISE, JsonClient
from controller.runtime.ports import Ledger, Outbox
from infra.local import aws, dynamodb_local
from tests.simulation.memory import MemoryLedger, MemoryOutbox

LAMBDA = {"AWS_LAMBDA_RUNTIME_API": "localhost", "AWS_REGION": aws.REGION}
LAMBDA |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "local")
MakeStorage = Callable[[], tuple[Ledger, Outbox]]
TABLES = (f"Spotwarden-{number}" for number in count(1))


@pytest.fixture(scope="module", params=["memory", aws.ATOMIC, aws.STOCK, aws.LOCAL, "JSON client"])
def make_storage(request: pytest.FixtureRequest) -> Iterator[MakeStorage]:
    if request.param == "memory":
        yield lambda: (MemoryLedger(), MemoryOutbox())
        return
    if request.param == "JSON client":
        yield from _over_json()
        return
    if request.param == aws.LOCAL and (reason := dynamodb_local.available()):
        pytest.skip(reason)
    with aws.start(dynamodb=request.param) as local:
        client = local.client("dynamodb")

        def empty() -> tuple[Ledger, Outbox]:
            table = aws.create_table(local.dynamodb_url, next(TABLES))
            return DynamoLedger(client, table), DynamoOutbox(client, table)

        yield empty


def _over_json() -> Iterator[MakeStorage]:
    """The client that a function of the stack starts with."""
    with aws.start(dynamodb=aws.ATOMIC) as local, pytest.MonkeyPatch.context() as environment:
        for name, value in LAMBDA.items():
            environment.setenv(name, value)
        for name in OTHERWISE:
            environment.delenv(name, raising=False)
        environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", local.dynamodb_url)
        client = client_of("dynamodb", CallLimits(connect_timeout=60, read_timeout=300, total_max_attempts=1))
        assert isinstance(client, JsonClient)

        def empty() -> tuple[Ledger, Outbox]:
            table = aws.create_table(local.dynamodb_url, next(TABLES))
            return DynamoLedger(client, table), DynamoOutbox(client, table)

        yield empty


@pytest.fixture
def storage(make_storage: MakeStorage) -> tuple[Ledger, Outbox]:
    return make_storage()


@pytest.fixture
def ledger(storage: tuple[Ledger, Outbox]) -> Ledger:
    return storage[0]


@pytest.fixture
def outbox(storage: tuple[Ledger, Outbox]) -> Outbox:
    return storage[1]


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """A client of moto's DynamoDB, for what only DynamoDB can do."""
    with aws.start(dynamodb=aws.ATOMIC) as local:
        yield local.client("dynamodb")
