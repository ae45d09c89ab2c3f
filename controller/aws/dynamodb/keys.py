"""The keys of all rows of the table: the partition of each kind of row, and the partitions of its indexes.

The docstring of each other module here lists the rows that it reads and writes: partition key, sort key, content. The functions
``…_pk`` return partition keys. A partition that has rows never changes its name.
"""

from __future__ import annotations

import hashlib

from controller.aws.dynamodb.items import Item
from controller.jobs.work import Work
from controller.ledger.lineage_id import LineageId

HEAD = "head"
PARTITIONS = 4  # per index: 4,000 writes a second, and four reads a minute for the sweep

LINEAGE = "lineage#"  # how the partition of a lineage begins; only functions that submit write such rows
REQUEST = "request#"

ASIDE, CHANNELS = "aside", "outbox"
CURSOR, DISCOVER, FAILING, HALT, ONCE = "cursor", "discover", "failing", "halt", "once"
LATE, POLICY, RESTORE, ROLLUP = "late", "policy", "restore", "rollup"
WAIVERS: Item = {"S": "waivers"}  # a partition of the index *family*


def key(pk: str, sk: str) -> Item:
    """The primary key of a row."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def partition_of(pk: str) -> Item:
    """The query of a whole partition."""
    return {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": pk}}}


def partition(prefix: str, text: str) -> Item:
    """One of the partitions of an index, always the same for the same text."""
    number = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % PARTITIONS
    return {"S": f"{prefix}#{number:02d}"}


def family_key(account: str, region: str, family: str) -> Item:
    """The partition of a job family in the index *family*."""
    return {"S": f"{account}/{region}/{family}"}


def acts_pk(revision: str, rule: str) -> str:
    return f"acts#{revision}/{rule}"


def attempt_pk(account: str, region: str, job: str) -> str:
    return f"attempt#{account}/{region}/{job}"


def capacity_pk(region: str, instance_type: str) -> str:
    return f"capacity#{region}/{instance_type}"


def claim_pk(bucket: str) -> str:
    return f"claim#{bucket}"


def limit_pk(what: str) -> str:
    return f"limit#{what}"


def lineage_pk(lineage: LineageId) -> str:
    return f"{LINEAGE}{lineage}"


def outbox_pk(channel: str) -> str:
    return f"outbox#{channel}"


def pool_pk(region: str, instance_type: str) -> str:
    return f"pool#{region}/{instance_type}"


def post_pk(channel: str) -> str:
    return f"post#{channel}"


def price_pk(region: str) -> str:
    return f"price#{region}"


def quota_hold_pk(region: str, instance_type: str) -> str:
    return f"claim#on-demand {region}/{instance_type}"  # no bucket has such a name


def request_pk(lineage: LineageId) -> str:
    return f"{REQUEST}{lineage}"


def said_pk(message: str) -> str:
    return f"said#{message}"


def shelf_pk(channel: str) -> str:
    return f"shelf#{channel}"


def signal_pk(day: str) -> str:
    return f"signal#{day}"


def work_pk(work: Work) -> str:
    return f"work#{work.account}/{work.region}/{hashlib.sha256(work.role.encode()).hexdigest()[:24]}"
