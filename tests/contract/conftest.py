"""The implementations that are held to the contract, each empty for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from controller.aws.dynamodb.ledger import DynamoLedger
from controller.aws.dynamodb.outbox import DynamoOutbox
from controller.runtime.ports import Ledger, Outbox
from infra.local import aws, dynamodb_local
from tests.simulation.memory import MemoryLedger, MemoryOutbox

Place = Callable[[], tuple[Ledger, Outbox]]
TABLES = (f"Spotwarden-{number}" for number in count(1))


@pytest.fixture(scope="module", params=["memory", aws.ATOMIC, aws.STOCK, aws.LOCAL])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "memory":
        yield lambda: (MemoryLedger(), MemoryOutbox())
        return
    if request.param == aws.LOCAL and (reason := dynamodb_local.available()):
        pytest.skip(reason)
    with aws.start(dynamodb=request.param) as local:
        client = local.client("dynamodb")

        def empty() -> tuple[Ledger, Outbox]:
            table = aws.create_table(local.dynamodb_url, next(TABLES))
            return DynamoLedger(client, table), DynamoOutbox(client, table)

        yield empty


@pytest.fixture
def memories(place: Place) -> tuple[Ledger, Outbox]:
    return place()


@pytest.fixture
def ledger(memories: tuple[Ledger, Outbox]) -> Ledger:
    return memories[0]


@pytest.fixture
def outbox(memories: tuple[Ledger, Outbox]) -> Outbox:
    return memories[1]


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """A client of moto's DynamoDB, for what only DynamoDB can do."""
    with aws.start(dynamodb=aws.ATOMIC) as local:
        yield local.client("dynamodb")
