"""What jobs work on, in DynamoDB: a partition per role. A commit writes a row with the start of a job; it expires after 14 days.

work#<account>/<region>/<hash of the role>   <time of creation>#<job>   job, root, lineage, uri, digest
"""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.aws.dynamodb.items import MARK, Item, moment, stamp
from controller.aws.dynamodb.keys import key, work_pk
from controller.aws.dynamodb.table import Table, Write
from controller.jobs.work import Work

REMEMBERED = timedelta(days=14)
ROWS_MAX = 4_000  # about one page of a query


class DynamoWorks:
    """The Works port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def begun_since(self, work: Work, since: datetime) -> tuple[Work, ...]:
        rows = self._table.query(
            limit=ROWS_MAX,
            KeyConditionExpression="pk = :pk AND sk >= :since",
            ExpressionAttributeValues={":pk": {"S": work_pk(work)}, ":since": {"S": stamp(since)}},
        )
        return tuple(found for row in rows if (found := _work_of(row, work)) is not None)


def remembering(work: Work) -> Write:
    """The write that remembers what a job works on."""
    said = {"job": work.job, "root": work.root, "lineage": work.lineage, "digest": work.inputs_hash, "uri": work.checkpoint_uri}
    item = {
        **key(work_pk(work), f"{stamp(work.created_at)}#{work.job}"), **MARK,
        **{name: {"S": value} for name, value in said.items() if value},
        "expires_at": {"N": str(int((work.created_at + REMEMBERED).timestamp()))},
    }  # fmt: skip
    return {"Put": {"Item": item}}


def _work_of(row: Item, asked: Work) -> Work | None:
    """The work in a row; None for a row that cannot be read: it must not delay the attempts of all jobs of the role."""
    try:
        said = {name: row[name]["S"] for name in ("job", "root", "lineage", "digest", "uri") if name in row}
        return Work(
            account=asked.account, region=asked.region, role=asked.role, job=said["job"], root=said["root"],
            lineage=said["lineage"], created_at=moment(row["sk"]["S"].partition("#")[0]), checkpoint_uri=said.get("uri"),
            inputs_hash=said.get("digest", ""),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return None
