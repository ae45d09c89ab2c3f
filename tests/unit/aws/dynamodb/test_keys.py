"""The partitions of rows keep their names: a renamed one would hide the rows that it has."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from controller.aws.dynamodb import keys
from controller.jobs.work import Work
from controller.ledger.lineage_id import LineageId

BORN = datetime(2026, 11, 29, 8, 30, tzinfo=UTC)
ID = LineageId(account="1", region="us-east-1", root="bert", created_at=BORN)
WORK = Work(
    account="1", region="us-east-1", role="arn:role", job="bert", root="bert", lineage=str(ID), created_at=BORN, inputs_hash="1:a"
)  # fmt: skip
PARTITIONS = {
    "acts_pk": (keys.acts_pk("0123456789ab", "spot"), "acts#0123456789ab/spot"),
    "attempt_pk": (keys.attempt_pk("1", "us-east-1", "bert"), "attempt#1/us-east-1/bert"),
    "capacity_pk": (keys.capacity_pk("us-east-1", "ml.g5.2xlarge"), "capacity#us-east-1/ml.g5.2xlarge"),
    "claim_pk": (keys.claim_pk("bucket"), "claim#bucket"),
    "limit_pk": (keys.limit_pk("stops"), "limit#stops"),
    "lineage_pk": (keys.lineage_pk(ID), f"lineage#{ID}"),
    "outbox_pk": (keys.outbox_pk("#ml"), "outbox##ml"),
    "pool_pk": (keys.pool_pk("us-east-1", "ml.g5.2xlarge"), "pool#us-east-1/ml.g5.2xlarge"),
    "post_pk": (keys.post_pk("#ml"), "post##ml"),
    "price_pk": (keys.price_pk("us-east-1"), "price#us-east-1"),
    "quota_hold_pk": (keys.quota_hold_pk("us-east-1", "ml.g5.2xlarge"), "claim#on-demand us-east-1/ml.g5.2xlarge"),
    "request_pk": (keys.request_pk(ID), f"request#{ID}"),
    "said_pk": (keys.said_pk("k"), "said#k"),
    "shelf_pk": (keys.shelf_pk("#ml"), "shelf##ml"),
    "signal_pk": (keys.signal_pk("2026-11-29"), "signal#2026-11-29"),
    "work_pk": (keys.work_pk(WORK), "work#1/us-east-1/2a09cc9d425a11d7d364869f"),
}
FIXED = ("aside", "cursor", "discover", "failing", "halt", "late", "once", "outbox", "policy", "restore", "rollup")


def test_each_kind_of_row_has_the_partition_that_it_always_had() -> None:
    assert all(made == kept for made, kept in PARTITIONS.values())
    assert set(PARTITIONS) == {name for name in vars(keys) if name.endswith("_pk")}


def test_the_partitions_without_a_name_in_them_are_those_that_they_always_were() -> None:
    found = {value for name, value in vars(keys).items() if name.isupper() and isinstance(value, str)}
    assert found - {"head", "lineage#", "request#"} == set(FIXED)


def test_the_page_of_the_architecture_names_every_partition() -> None:
    page = (Path(__file__).resolve().parents[4] / "docs" / "architecture.md").read_text("utf-8")
    table = page[page.index("## The ledger") : page.index("## Where idempotency lives")]
    for kept in (*FIXED, *(kept for _, kept in PARTITIONS.values())):
        assert re.search(rf"\b{re.escape(kept.partition('#')[0])}\b", table), kept
