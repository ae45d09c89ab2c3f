"""The implementations of the ports, each empty for each test."""

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

MakeStorage = Callable[[], tuple[Ledger, Outbox]]
TABLES = (f"Spotwarden-{number}" for number in count(1))


@pytest.fixture(scope="module", params=["memory", aws.ATOMIC, aws.STOCK, aws.LOCAL])
def make_storage(request: pytest.FixtureRequest) -> Iterator[MakeStorage]:
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
