"""The doctor reports whether the table can be the ledger, and whether it could be restored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from controller.cli.doctor.table import INDEXES, look_at_table
from infra.local import aws

RESOURCES = json.loads((Path(__file__).resolve().parents[4] / "infra" / "resources.json").read_text("utf-8"))["Resources"]


@pytest.fixture(scope="module")
def local() -> Iterator[aws.Local]:
    with aws.start() as started:
        yield started


def test_the_doctor_knows_the_indexes_that_the_stack_makes() -> None:
    made = RESOURCES["Ledger"]["Properties"]["GlobalSecondaryIndexes"]
    assert {i["IndexName"]: tuple(k["AttributeName"] for k in i["KeySchema"]) for i in made} == INDEXES


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"HASH": "id"}, "has the key id, wanted pk and sk: restore it with the keys and indexes of Ledger"),
        ({"HASH": "pk", "RANGE": "sk"}, "has no index day, due, family: restore it with the keys and indexes of Ledger"),
    ],
)
def test_a_table_with_other_keys_is_named(local: aws.Local, keys: Mapping[str, str], told: str) -> None:
    name = f"T-{'-'.join(keys.values())}"
    dynamodb = local.client("dynamodb")
    dynamodb.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": n, "KeyType": kind} for kind, n in keys.items()],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in keys.values()],
    )  # fmt: skip
    ok, says = look_at_table(dynamodb, name)
    assert not ok
    assert told in says


def test_a_missing_table_is_named_with_the_region(local: aws.Local) -> None:
    assert look_at_table(local.client("dynamodb"), "Elsewhere")[1].startswith("us-east-1 has no table Elsewhere: ")


class Described:
    """A DynamoDB with a table in a given status."""

    def __init__(self, status: str) -> None:
        self.status = status

    def describe_table(self, TableName: str) -> Any:  # noqa: N803 (AWS's own name)
        return {"Table": {"TableName": TableName, "TableStatus": self.status}}


@pytest.mark.parametrize("status", ["INACCESSIBLE_ENCRYPTION_CREDENTIALS", "DELETING", "CREATING", "ARCHIVED"])
def test_an_unusable_table_is_named_with_its_status(status: str) -> None:
    assert look_at_table(Described(status), "T") == (
        False, f"the table T is {status}, so nothing can be read or written: wait, or look at its KMS key"
    )  # fmt: skip


class Unsaved:
    """A table as the stack creates it, but without point-in-time recovery."""

    def describe_table(self, TableName: str) -> Any:  # noqa: N803 (AWS's own name)
        made = RESOURCES["Ledger"]["Properties"]
        return {"Table": {"TableName": TableName, "TableStatus": "ACTIVE", **made}}

    def get_item(self, **_: Any) -> Any:
        return {}

    def describe_time_to_live(self, **_: Any) -> Any:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}}

    def describe_continuous_backups(self, **_: Any) -> Any:
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"}}}


def test_a_restored_table_without_point_in_time_recovery_is_named_with_the_command() -> None:
    ok, says = look_at_table(Unsaved(), "T")
    assert not ok
    assert says.startswith("the table T has no point-in-time recovery: aws dynamodb update-continuous-backups --table-name T")
