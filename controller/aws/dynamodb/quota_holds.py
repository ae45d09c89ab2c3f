"""Holds on on-demand quotas in DynamoDB, a partition per quota. Only commits write them, together with Started and Ended.

    claim#on-demand <region>/<instance type>    held#<job>#<hash>

Older versions wrote a hold as a claim: with the bucket ``on-demand <region>/<instance type>``, and a prefix that begins with the
number of instances. Such rows are still read. Both forms have the same key, so that either is released.
"""

from __future__ import annotations

from controller.aws.dynamodb.claims import held_key
from controller.aws.dynamodb.items import Item, read_or_none, write
from controller.aws.dynamodb.keys import key, partition_of, quota_hold_pk
from controller.aws.dynamodb.table import Table, Write
from controller.jobs.claim import Claim
from controller.jobs.quota_hold import QuotaHold


class DynamoQuotaHolds:
    """The QuotaHolds port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def holds_on(self, region: str, instance_type: str) -> tuple[QuotaHold, ...]:
        rows = self._table.query(**partition_of(quota_hold_pk(region, instance_type)))
        return tuple(_hold_of(stored, region, instance_type) for row in rows if (stored := _stored(row)) is not None)


def holding(hold: QuotaHold) -> Write:
    """The write that takes a part of a quota."""
    return {"Put": {"Item": {**_place(hold), **write(hold)}}}


def freeing(hold: QuotaHold) -> Write:
    """The write that releases a part of a quota."""
    return {"Delete": {"Key": _place(hold)}}


def _stored(row: Item) -> QuotaHold | Claim | None:
    """A hold; None for a row that cannot be read. Without it a job may move too early; then SageMaker refuses to create it."""
    found = read_or_none(row, QuotaHold) or read_or_none(row, Claim)
    return found if not isinstance(found, Claim) or found.prefix.partition("/")[0].isdecimal() else None


def _hold_of(stored: QuotaHold | Claim, region: str, instance_type: str) -> QuotaHold:
    if isinstance(stored, QuotaHold):
        return stored
    instances = int(stored.prefix.partition("/")[0])
    return QuotaHold(
        region=region, instance_type=instance_type, instances=instances, job=stored.job, lineage=stored.lineage,
        created_at=stored.created_at,
    )  # fmt: skip


def _place(hold: QuotaHold) -> Item:
    return key(quota_hold_pk(hold.region, hold.instance_type), held_key(hold.job, hold.lineage, f"{hold.instances}/{hold.job}/"))
