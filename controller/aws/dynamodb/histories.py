"""How long completed lineages of a job family took, in DynamoDB: the index *family*, which is eventually consistent."""

from __future__ import annotations

from controller.aws.dynamodb.items import readable
from controller.aws.dynamodb.keys import family_key
from controller.aws.dynamodb.table import Table, of_lineages
from controller.ledger.entry import Finished
from controller.savings.job_history import FamilyRun


class DynamoHistories:
    """The Histories port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def history(self, account: str, region: str, family: str, limit: int) -> tuple[int, ...]:
        return tuple(one.work_s for one in self._finished(account, region, family, limit) if one.work_s is not None)

    def runs(self, account: str, region: str, family: str, limit: int) -> tuple[FamilyRun, ...]:
        return tuple(
            FamilyRun(instance_type=one.instance_type, work_s=one.work_s)
            for one in self._finished(account, region, family, limit)
            if one.work_s is not None and one.attempts == 1
        )

    def _finished(self, account: str, region: str, family: str, limit: int) -> list[Finished]:
        rows = self._table.query(
            index="family",
            limit=limit,
            KeyConditionExpression="family_pk = :pk",
            ExpressionAttributeValues={":pk": family_key(account, region, family)},
            ScanIndexForward=False,
        )
        return readable(of_lineages(rows), Finished)
