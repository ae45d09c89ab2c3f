"""Serves DynamoDB, S3, EC2 and EventBridge on this machine over HTTP, with the table that CloudFormation would create.

moto answers the requests; `moto_dynamodb` replaces parts of its DynamoDB. With SPOTWARDEN_DYNAMODB=local, AWS's own DynamoDB
Local is used instead. All state of moto is in the memory of this process, and shared by all servers in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # before the import of moto: its 1,300 images are not needed

from moto.core.base_backend import BackendDict

from infra.local import dynamodb_local, moto_dynamodb, moto_server

RESOURCES = Path(__file__).resolve().parents[1] / "resources.json"
REGION = "us-east-1"
ACCOUNT = "123456789012"
CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}  # boto3 needs some; nothing checks them
STOCK, ATOMIC, LOCAL = "stock", "atomic", "local"
CLIENT_CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=60, read_timeout=300)  # a machine may be busy


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """The endpoints of a running local AWS: `url` for all of moto, `dynamodb_url` for DynamoDB."""

    url: str
    dynamodb_url: str
    dynamodb: str
    stop: Callable[[], None]

    def client(self, service: str) -> Any:
        """Build a boto3 client of a service for its local endpoint."""
        return client(service, self.dynamodb_url if service == "dynamodb" else self.url)

    def earliest(self, table: str, index: str, sort_key: str, region: str = REGION) -> str | None:
        """Return the least sort key of an index; None if the index is empty.

        With "atomic", this reads moto's memory without a call, so it is fast enough for each step of a host.
        """
        if self.dynamodb == ATOMIC:
            return moto_dynamodb.least(ACCOUNT, region, table, index)
        pages = client("dynamodb", self.dynamodb_url, region).get_paginator("scan").paginate(TableName=table, IndexName=index)
        return min((item[sort_key]["S"] for page in pages for item in page["Items"]), default=None)

    def has_items(self, table: str, partition_prefix: str, region: str = REGION) -> bool | None:
        """Return whether a partition whose key begins with the prefix has items; None if the DynamoDB is not "atomic"."""
        return moto_dynamodb.has_items(ACCOUNT, region, table, partition_prefix) if self.dynamodb == ATOMIC else None

    def close(self) -> None:
        """Stop the servers, and delete everything stored."""
        self.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start(*, port: int = 0, dynamodb: str | None = None) -> Local:
    """Start the servers on free ports of the loopback interface.

    `dynamodb` is "atomic" (moto with the changes of `moto_dynamodb`), "stock" (moto as installed) or "local" (DynamoDB Local).
    The default is the value of SPOTWARDEN_DYNAMODB, else "atomic". `port` is that of moto; 0: any free port.
    Raises ValueError for another value, `dynamodb_local.Unavailable` if DynamoDB Local cannot run.
    """
    wanted = dynamodb or os.environ.get("SPOTWARDEN_DYNAMODB") or ATOMIC
    if wanted not in (STOCK, ATOMIC, LOCAL):
        raise ValueError(f"SPOTWARDEN_DYNAMODB is {wanted!r}, but must be one of {ATOMIC}, {STOCK}, {LOCAL}")
    jar = dynamodb_local.start() if wanted == LOCAL else None
    put_back = moto_dynamodb.install() if wanted == ATOMIC else lambda: None
    server = moto_server.serve(port)

    def stop() -> None:
        server.close()
        BackendDict.reset()
        put_back()
        if jar is not None:
            jar.close()

    return Local(url=server.url, dynamodb_url=jar.url if jar else server.url, dynamodb=wanted, stop=stop)


def client(service: str, endpoint: str, region: str = REGION) -> Any:
    """Build a boto3 client for a local endpoint. It never retries, so that a test gets each failure once."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        config=CLIENT_CONFIG,
        **CREDENTIALS,
    )


def create_table(endpoint: str, name: str = "Spotwarden", region: str = REGION) -> str:
    """Create the ledger's table as infra/resources.json describes it, and return its name."""
    dynamodb = client("dynamodb", endpoint, region)
    dynamodb.create_table(TableName=name, **table_request(table_properties()))
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300})
    return name


def table_properties() -> dict[str, Any]:
    """Read the properties of the ledger's table in infra/resources.json."""
    return dict(json.loads(RESOURCES.read_text())["Resources"]["Ledger"]["Properties"])


COPIED = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
OMITTED = {  # properties that a local table does not need, each with the reason
    "TableName": "the caller chooses the name",
    "PointInTimeRecoverySpecification": "memory has no backups",
    "SSESpecification": "memory has no disk",
    "TimeToLiveSpecification": "no row here gets that old",
    "DeletionProtectionEnabled": "a local table ends with its process",
    "Tags": "nothing is billed",
}


def table_request(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Turn CloudFormation's properties into a CreateTable request. Raises ValueError for an unknown property."""
    unknown = set(properties) - set(COPIED) - set(OMITTED)
    if unknown:
        raise ValueError(f"the table in infra/resources.json has {sorted(unknown)}, which the local AWS does not support")
    return {name: properties[name] for name in COPIED}
