"""The Ledger port's holds on on-demand quotas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.decide.decision import Decision
from controller.jobs.quota_hold import QuotaHold
from controller.runtime.ports.ledger import Ledger
from infra.local import aws
from tests.builders import BEGIN, lineage_id

TYPE = "ml.g5.2xlarge"
MINE = QuotaHold(region="us-east-1", instance_type=TYPE, instances=3, job="bert", lineage=str(lineage_id()), created_at=BEGIN)
THEIRS = replace(MINE, instances=1, job="gpt", lineage=str(lineage_id("gpt")))


def committed(ledger: Ledger, **parts: Any) -> None:
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id()), Decision(**parts))


def test_a_hold_is_taken_and_given_back_by_commits(ledger: Ledger) -> None:
    assert ledger.quota_holds.holds_on("us-east-1", TYPE) == ()
    committed(ledger, holds=(MINE, THEIRS))
    assert set(ledger.quota_holds.holds_on("us-east-1", TYPE)) == {MINE, THEIRS}
    committed(ledger, freed=(MINE,))
    assert ledger.quota_holds.holds_on("us-east-1", TYPE) == (THEIRS,)


def test_a_hold_is_of_one_type_in_one_region(ledger: Ledger) -> None:
    committed(ledger, holds=(MINE,))
    assert ledger.quota_holds.holds_on("eu-west-1", TYPE) == ()
    assert ledger.quota_holds.holds_on("us-east-1", "ml.g5.xlarge") == ()


def test_a_former_life_of_a_name_gives_back_only_its_own_hold(ledger: Ledger) -> None:
    old, new = replace(MINE, lineage="the old life"), replace(MINE, lineage="the new life")
    committed(ledger, holds=(old, new))
    committed(ledger, freed=(old,))
    assert ledger.quota_holds.holds_on("us-east-1", TYPE) == (new,)


def test_a_hold_is_no_claim_on_a_prefix(ledger: Ledger) -> None:
    committed(ledger, holds=(MINE,))
    assert ledger.claims.claims_on("checkpoints") == ()


STORED_AS_A_CLAIM = {
    # The form before holds had their own type: a claim on a bucket whose name no S3 bucket can have.
    "pk": {"S": "claim#on-demand us-east-1/ml.g5.2xlarge"},
    "sk": {"S": "held#bert#a17453bb3d3bafd5"},
    "schema": {"N": "1"},
    "kind": {"S": "Claim"},
    "body": {
        "M": {
            "bucket": {"S": "on-demand us-east-1/ml.g5.2xlarge"}, "prefix": {"S": "3/bert/"}, "job": {"S": "bert"},
            "lineage": {"S": "111122223333/us-east-1/bert/2026-03-02T09:00:00.000000Z"},
            "created_at": {"S": "2026-03-02T09:00:00.000000Z"},
        },
    },
}  # fmt: skip


def test_a_hold_that_was_stored_as_a_claim_is_read_and_given_back(dynamodb: Any) -> None:
    table = aws.create_table(dynamodb.meta.endpoint_url, "QuotaHolds")
    dynamodb.put_item(TableName=table, Item=STORED_AS_A_CLAIM)
    ledger = DynamoLedger(dynamodb, table)
    assert ledger.quota_holds.holds_on("us-east-1", TYPE) == (MINE,)
    committed(ledger, holds=(THEIRS,), freed=(MINE,))
    assert ledger.quota_holds.holds_on("us-east-1", TYPE) == (THEIRS,)
