"""The local DynamoDB answers as stock moto does, keeps transactions atomic, and has the table of the stack."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local import aws, moto_dynamodb

TABLE = "Spotwarden"
KEYS = [(f"lineage#{a}", f"entry#{b}") for a in "abc" for b in range(4)]


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with aws.start(dynamodb=aws.ATOMIC) as local:
        aws.create_table(local.dynamodb_url)
        yield local.client("dynamodb")


def key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def item(pk: str, sk: str, **attributes: str) -> dict[str, Any]:
    return key(pk, sk) | {name: {"S": value} for name, value in attributes.items()}


def put(written: dict[str, Any], condition: str | None = None) -> dict[str, Any]:
    return {"Put": {"TableName": TABLE, "Item": written} | ({"ConditionExpression": condition} if condition else {})}


def due(dynamodb: Any, partition: str = "due#00") -> list[dict[str, Any]]:
    found = dynamodb.query(
        TableName=TABLE,
        IndexName="due",
        KeyConditionExpression="due_pk = :p AND ring_at <= :t",
        ExpressionAttributeValues={":p": {"S": partition}, ":t": {"S": "2026-12-31"}},
    )
    return list(found["Items"])


def random_call(chance: random.Random) -> tuple[str, dict[str, Any]]:
    """A random call such as the ledger makes. Many of these calls fail."""
    pk, sk = chance.choice(KEYS)
    attributes: dict[str, str] = {"n": str(chance.randrange(3))}
    if chance.random() < 0.6:
        attributes |= {"due_pk": f"due#0{chance.randrange(2)}", "ring_at": f"2026-11-2{chance.randrange(5)}", "about": "x"}
    if chance.random() < 0.5:
        attributes |= {"day_pk": "2026-11-22#0", "team": chance.choice(["vision", "speech"])}
    condition = chance.choice(["attribute_not_exists(pk)", "attribute_exists(pk)", None])
    conditional = {"ConditionExpression": condition} if condition else {}
    update = {
        "TableName": TABLE,
        "Key": key(pk, sk),
        "UpdateExpression": chance.choice(
            ["SET n = :n REMOVE due_pk, ring_at", "SET due_pk = :n, ring_at = :n", "ADD tries :one SET team = :n"]
        ),
        **conditional,
    }
    values = {":n": {"S": attributes["n"]}} | ({":one": {"N": "1"}} if "ADD" in str(update) else {})
    update["ExpressionAttributeValues"] = values
    name = chance.choice(
        ["PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "due", "day", "TransactWriteItems", "TransactWriteItems"]
    )
    match name:
        case "PutItem":
            return "put_item", {"TableName": TABLE, "Item": item(pk, sk, **attributes), **conditional}
        case "UpdateItem":
            return "update_item", {**update, "ReturnValues": "ALL_NEW"}
        case "DeleteItem":
            return "delete_item", {"TableName": TABLE, "Key": key(pk, sk), "ReturnValues": "ALL_OLD", **conditional}
        case "GetItem":
            return "get_item", {"TableName": TABLE, "Key": key(pk, sk), "ConsistentRead": True}
        case "TransactWriteItems":
            others = [put(item(*other, **attributes), condition) for other in chance.sample(KEYS, 2) if other != (pk, sk)]
            check = {"TableName": TABLE, "Key": key("lineage#z", "head"), "ConditionExpression": "attribute_not_exists(pk)"}
            return "transact_write_items", {"TransactItems": [*others, {"Update": update}, {"ConditionCheck": check}]}
        case _:
            on = {"Query": ("pk", pk), "due": ("due_pk", "due#00"), "day": ("day_pk", "2026-11-22#0")}[name]
            return "query", {
                "TableName": TABLE,
                **({} if name == "Query" else {"IndexName": name}),
                "KeyConditionExpression": f"{on[0]} = :p",
                "ExpressionAttributeValues": {":p": {"S": on[1]}},
                "ScanIndexForward": chance.random() < 0.5,
                **({"Limit": 2} if chance.random() < 0.5 else {}),
            }


def answers(kind: str, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    told: list[Any] = []
    with aws.start(dynamodb=kind) as local:
        aws.create_table(local.dynamodb_url)
        dynamodb = local.client("dynamodb")
        for method, arguments in calls:
            try:
                answer = getattr(dynamodb, method)(**arguments)
                told.append({name: value for name, value in answer.items() if name != "ResponseMetadata"})
            except ClientError as error:
                told.append([error.response["Error"], error.response.get("CancellationReasons")])
        told.append(dynamodb.scan(TableName=TABLE)["Items"])
    return told


def test_the_arranged_moto_answers_a_random_walk_exactly_as_the_stock_one() -> None:
    chance = random.Random(619)  # noqa: S311  # a walk, not a secret
    calls = [random_call(chance) for _ in range(250)]
    stock, atomic = answers(aws.STOCK, calls), answers(aws.ATOMIC, calls)
    for call, wanted, found in zip([*calls, "the table"], stock, atomic, strict=True):
        assert (call, found) == (call, wanted)
    told = str(stock)
    assert all(word in told for word in ("LastEvaluatedKey", "ConditionalCheckFailed", "TransactionCanceled", "'Attributes'"))


def test_a_cancelled_transaction_leaves_items_and_indexes_as_they_were(dynamodb: Any) -> None:
    old = item("a", "intent#1", due_pk="due#00", ring_at="2026-11-22")
    dynamodb.put_item(TableName=TABLE, Item=old)
    move = {
        "TableName": TABLE,
        "Key": key("a", "intent#1"),
        "UpdateExpression": "SET due_pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "due#01"}},
    }
    new = put(item("a", "intent#2", due_pk="due#00", ring_at="2026-11-23"))
    fails = put(item("a", "intent#3"), "attribute_exists(pk)")
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException, match=r"\[None, None, ConditionalCheckFailed\]"):
        dynamodb.transact_write_items(TransactItems=[{"Update": move}, new, fails])
    assert dynamodb.scan(TableName=TABLE)["Items"] == [old]
    assert due(dynamodb) == [old]
    assert due(dynamodb, "due#01") == []


def test_an_item_leaves_a_sparse_index_when_it_loses_the_index_key(dynamodb: Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item=item("a", "intent#1", due_pk="due#00", ring_at="2026-11-22"))
    dynamodb.update_item(TableName=TABLE, Key=key("a", "intent#1"), UpdateExpression="REMOVE due_pk, ring_at")
    assert due(dynamodb) == []


@pytest.mark.parametrize("kind", [aws.ATOMIC, aws.STOCK])
def test_the_earliest_due_time_can_be_read_directly(kind: str) -> None:
    with aws.start(dynamodb=kind) as local:
        aws.create_table(local.dynamodb_url)
        assert local.earliest(TABLE, "due", "ring_at") is None
        for n, at in enumerate(("2026-11-23", "2026-11-22", "2026-11-24")):
            written = item("a", f"intent#{n}", due_pk=f"due#0{n}", ring_at=at)
            local.client("dynamodb").put_item(TableName=TABLE, Item=written)
        assert local.earliest(TABLE, "due", "ring_at") == "2026-11-22"


def test_the_due_index_contains_only_what_a_sweep_needs(dynamodb: Any) -> None:
    written = item("a", "intent#1", due_pk="due#00", ring_at="2026-11-22", about="train-bert", lineage="l", why="long words")
    dynamodb.put_item(TableName=TABLE, Item=written)
    assert due(dynamodb) == [{name: value for name, value in written.items() if name != "why"}]


def test_of_eight_writers_of_one_version_one_commits(dynamodb: Any) -> None:
    def commit(writer: int) -> bool:
        head = put(item("a", "head", by=str(writer)), "attribute_not_exists(pk)")
        entry = put(item("a", f"entry#{writer}"))
        try:
            dynamodb.transact_write_items(TransactItems=[entry, head])
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(8) as writers:
        assert sum(writers.map(commit, range(8))) == 1
    assert len(dynamodb.scan(TableName=TABLE)["Items"]) == 2


def test_a_failed_update_of_a_missing_item_leaves_nothing_behind(dynamodb: Any) -> None:
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.update_item(
            TableName=TABLE,
            Key=key("a", "head"),
            UpdateExpression="SET n = :n",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":n": {"S": "1"}},
        )
    assert dynamodb.scan(TableName=TABLE)["Items"] == []


def test_written_items_are_not_remembered_once_they_are_replaced(dynamodb: Any) -> None:
    for n in range(5):
        dynamodb.put_item(TableName=TABLE, Item=item("a", "head", n=str(n)))
    assert len(moto_dynamodb.Item.instances_tracked) == 0  # type: ignore[attr-defined]


def test_the_local_table_is_the_deployed_one(dynamodb: Any) -> None:
    deployed = json.loads(aws.RESOURCES.read_text())["Resources"]["Ledger"]["Properties"]
    local = dynamodb.describe_table(TableName=TABLE)["Table"]
    indexes = ("IndexName", "KeySchema", "Projection")
    assert local["KeySchema"] == deployed["KeySchema"]
    assert local["AttributeDefinitions"] == deployed["AttributeDefinitions"]
    assert local["BillingModeSummary"]["BillingMode"] == deployed["BillingMode"]
    assert [{name: index[name] for name in indexes} for index in local["GlobalSecondaryIndexes"]] == [
        {name: index[name] for name in indexes} for index in deployed["GlobalSecondaryIndexes"]
    ]


def test_a_table_property_that_the_local_aws_does_not_support_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has \['StreamSpecification'\], which the local AWS does not support"):
        aws.table_request(aws.table_properties() | {"StreamSpecification": {}})


def test_an_unknown_dynamodb_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTWARDEN_DYNAMODB", "dynalite")
    with pytest.raises(ValueError, match="SPOTWARDEN_DYNAMODB is 'dynalite', but must be one of atomic, stock, local"):
        aws.start()


def test_s3_and_ec2_are_served_beside_dynamodb() -> None:
    with aws.start() as local:
        local.client("s3").create_bucket(Bucket="acme-ml-checkpoints")
        assert [b["Name"] for b in local.client("s3").list_buckets()["Buckets"]] == ["acme-ml-checkpoints"]
        ec2 = local.client("ec2")
        [made] = ec2.run_instances(ImageId="ami-12c6146b", InstanceType="g5.xlarge", MinCount=1, MaxCount=1)["Instances"]
        [found] = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"]
        assert found["InstanceType"] == "g5.xlarge"


def test_a_closed_local_aws_forgets_everything() -> None:
    for _ in range(2):
        with aws.start() as local:
            assert local.client("dynamodb").list_tables()["TableNames"] == []
            aws.create_table(local.dynamodb_url)
