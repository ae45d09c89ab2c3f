"""How long completed lineages of a job family took, in DynamoDB: the index *family*, which is eventually consistent."""

from __future__ import annotations

from controller.aws.dynamodb.items import Item, read
from controller.aws.dynamodb.table import Table, of_lineages
from controller.ledger.entry import Finished


class DynamoHistories:
    """The Histories port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def history(self, account: str, region: str, family: str, limit: int) -> tuple[int, ...]:
        rows = self._table.query(
            index="family",
            limit=limit,
            KeyConditionExpression="family_pk = :pk",
            ExpressionAttributeValues={":pk": family_key(account, region, family)},
            ScanIndexForward=False,
        )
        finished: list[Finished] = [read(row) for row in of_lineages(rows)]
        return tuple(one.work_s for one in finished if one.work_s is not None)


def family_key(account: str, region: str, family: str) -> Item:
    """The partition of a family in the index."""
    return {"S": f"{account}/{region}/{family}"}
