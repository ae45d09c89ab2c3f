"""All rows of the ledger's table, read and written from a person's machine. No function of the stack does that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from controller.aws.dynamodb.items import MARK, Item
from controller.aws.dynamodb.table import HEAD, LINEAGE, Table, key, partition_of
from controller.cli.errors import AwsUnreachable, BadInput

BATCH = 25  # what one BatchWriteItem takes
TRIES = 10
RESTORING = "restore"  # partition of the mark of a restore that is under way


class WholeTable:
    """A table behind a low-level client, read in pages of ``page`` rows. Errors of AWS are raised as they are."""

    def __init__(self, client: Any, name: str, *, page: int | None = None, wait: Callable[[float], object] = time.sleep) -> None:
        self._client = client
        self._page = page
        self._wait = wait
        self.name = name

    def rows(self) -> Iterator[Item]:
        """Every row, once or, where a lineage changed meanwhile, again; the last of a key counts.

        A scan is no snapshot: it can read some rows of a lineage before a commit and others after it. So the heads are read
        before and after it, and each lineage whose head changed is read again, head first, as ``DynamoLineages.load`` does.
        """
        heads = dict(self._heads())
        yield from (row for row in self._scan() if row["pk"]["S"] != RESTORING)
        table = Table(self._client, self.name)
        for pk, version in self._heads():
            if heads.get(pk) == version:
                continue
            head = table.get(pk, HEAD)
            rest = [row for row in table.query(**partition_of(pk)) if not _is_head(row)]
            yield from [*([head] if head else ()), *rest]

    def restore(self, rows: Iterable[Item], mark: str) -> int:
        """Write all rows, and return their number. Only into an empty table, or where the restore of the same ``mark`` was cut.

        Raises BadInput for a table that holds something else.
        """
        self._claim(mark)
        written = 0
        waiting = iter(rows)
        while batch := list(islice(waiting, BATCH)):
            newest = {(row["pk"]["S"], row["sk"]["S"]): row for row in batch}  # a batch may name a key only once
            self._write([{"PutRequest": {"Item": row}} for row in newest.values()])
            written += len(batch)
        self._client.delete_item(TableName=self.name, Key=key(RESTORING, "mark"))
        return written

    def change(self, row: Item, **changed: Any) -> bool:
        """Write other attributes into a row; False where its body changed since it was read."""
        return Table(self._client, self.name).update(
            key(row["pk"]["S"], row["sk"]["S"]),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in changed),
            ConditionExpression="#body = :before",
            ExpressionAttributeNames={f"#{name}": name for name in {*changed, "body"}},
            ExpressionAttributeValues={**{f":{name}": value for name, value in changed.items()}, ":before": row["body"]},
        )

    def _claim(self, mark: str) -> None:
        found = self._client.scan(TableName=self.name, Limit=1, ConsistentRead=True)
        place = key(RESTORING, "mark")
        if found["Items"]:
            ours = self._client.get_item(TableName=self.name, Key=place, ConsistentRead=True).get("Item", {})
            if ours.get("of", {}).get("S") != mark:
                raise BadInput(f"the table {self.name} is not empty, wanted an empty one: a restore adds to no ledger")
            return
        if not Table(self._client, self.name).put({**place, **MARK, "of": {"S": mark}}, absent=True):
            raise BadInput(f"another restore into {self.name} has just begun, wanted one at a time")

    def _write(self, requests: list[Mapping[str, Any]]) -> None:
        left: Any = {self.name: requests}
        for attempt in range(TRIES):
            left = self._client.batch_write_item(RequestItems=left).get("UnprocessedItems")
            if not left:
                return
            self._wait(min(0.05 * 2**attempt, 5))
        raise AwsUnreachable(f"DynamoDB did not take all rows into {self.name}; run the command again to go on")

    def _heads(self) -> Iterator[tuple[str, Item]]:
        asked = {
            "FilterExpression": "sk = :head AND begins_with(pk, :lineage)",
            "ExpressionAttributeValues": {":head": {"S": HEAD}, ":lineage": {"S": LINEAGE}},
        }
        yield from ((row["pk"]["S"], row["version"]) for row in self._scan(**asked))

    def _scan(self, **asked: Any) -> Iterator[Item]:
        size = {"PaginationConfig": {"PageSize": self._page}} if self._page else {}
        for page in self._client.get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True, **asked, **size):
            yield from page["Items"]


def _is_head(row: Item) -> bool:
    return row["pk"]["S"].startswith(LINEAGE) and bool(row["sk"]["S"] == HEAD)
