"""The implementations of the ports, empty for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from controller.aws.clients import CallLimits, client_of
from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.aws.dynamodb.outbox import DynamoOutbox
from controller.aws.json_client import OTHERWISE, JsonClient
from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.outbox import Outbox
from infra.local import aws, dynamodb_local
from tests.simulation.memory import MemoryLedger, MemoryOutbox

LAMBDA = {"AWS_LAMBDA_RUNTIME_API": "localhost", "AWS_REGION": aws.REGION}
LAMBDA |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "local")
MakeStorage = Callable[[], tuple[Ledger, Outbox]]
TABLES = (f"Spotwarden-{number}" for number in count(1))


@pytest.fixture(scope="session")
def dynamodb_local_url() -> Iterator[str]:
    """DynamoDB Local, one process for all modules, because it starts slowly."""
    if reason := dynamodb_local.available():
        pytest.skip(reason)
    server = dynamodb_local.start()
    yield server.url
    server.close()


@pytest.fixture(scope="module", params=["memory", aws.ATOMIC, aws.STOCK, aws.LOCAL])
def make_storage(request: pytest.FixtureRequest) -> Iterator[MakeStorage]:
    if request.param == "memory":
        yield lambda: (MemoryLedger(), MemoryOutbox())
    elif request.param == aws.ATOMIC:
        yield from _over_json()
    elif request.param == aws.LOCAL:
        yield _empty_tables(request.getfixturevalue("dynamodb_local_url"))
    else:
        with aws.start(dynamodb=request.param) as local:
            yield _empty_tables(local.dynamodb_url)


def _empty_tables(url: str, client: Any = None) -> MakeStorage:
    client = client or aws.client("dynamodb", url)

    def empty() -> tuple[Ledger, Outbox]:
        table = aws.create_table(url, next(TABLES))
        return DynamoLedger(client, table), DynamoOutbox(client, table)

    return empty


def _over_json() -> Iterator[MakeStorage]:
    """The small JSON client that Lambda functions use in place of boto3."""
    with aws.start(dynamodb=aws.ATOMIC) as local, pytest.MonkeyPatch.context() as environment:
        for name, value in LAMBDA.items():
            environment.setenv(name, value)
        for name in OTHERWISE:
            environment.delenv(name, raising=False)
        environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", local.dynamodb_url)
        client = client_of("dynamodb", CallLimits(connect_timeout=60, read_timeout=300, total_max_attempts=1))
        assert isinstance(client, JsonClient)
        yield _empty_tables(local.dynamodb_url, client)


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
    """A boto3 client of moto's DynamoDB."""
    with aws.start(dynamodb=aws.ATOMIC) as local:
        yield local.client("dynamodb")
