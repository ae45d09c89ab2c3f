"""All rows of the ledger's table, for commands. The stack's functions never read the whole table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.aws.dynamodb.items import Item
from controller.aws.dynamodb.keys import HEAD, LINEAGE, RESTORE, key, partition_of
from controller.aws.dynamodb.table import Table


class WholeTable:
    """A table and its boto3 client, read in pages of ``page`` rows. boto3's errors are raised as they are."""

    def __init__(self, client: Any, name: str, *, page: int | None = None) -> None:
        self.client = client
        self._page = page
        self.name = name
        self.ledger = Table(client, name)

    def rows(self) -> Iterator[Item]:
        """Every row; rows of a lineage that changed meanwhile are yielded again, and of one key the last row counts.

        A scan is not a snapshot: it can read some rows of a lineage before a commit and others after it. So the heads are read
        before and after the scan, and each lineage with a changed head is read again, head first, as in ``DynamoLineages.load``.
        """
        heads = dict(self._heads())
        yield from (row for row in self._scan() if row["pk"]["S"] != RESTORE)
        for pk, version in self._heads():
            if heads.get(pk) == version:
                continue
            head = self.ledger.get(pk, HEAD)
            rest = [row for row in self.ledger.query(**partition_of(pk)) if not _is_head(row)]
            yield from [*([head] if head else ()), *rest]

    def change(self, row: Item, **changed: Any) -> bool:
        """Set attributes of a row; False if its body changed since it was read."""
        return self.ledger.update(
            key(row["pk"]["S"], row["sk"]["S"]),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in changed),
            ConditionExpression="#body = :before",
            ExpressionAttributeNames={f"#{name}": name for name in {*changed, "body"}},
            ExpressionAttributeValues={**{f":{name}": value for name, value in changed.items()}, ":before": row["body"]},
        )

    def _heads(self) -> Iterator[tuple[str, Item]]:
        asked = {
            "FilterExpression": "sk = :head AND begins_with(pk, :lineage)",
            "ExpressionAttributeValues": {":head": {"S": HEAD}, ":lineage": {"S": LINEAGE}},
        }
        yield from ((row["pk"]["S"], row["version"]) for row in self._scan(**asked))

    def _scan(self, **asked: Any) -> Iterator[Item]:
        size = {"PaginationConfig": {"PageSize": self._page}} if self._page else {}
        for page in self.client.get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True, **asked, **size):
            yield from page["Items"]


def _is_head(row: Item) -> bool:
    return row["pk"]["S"].startswith(LINEAGE) and bool(row["sk"]["S"] == HEAD)
