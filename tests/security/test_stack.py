"""The stack's data is encrypted and needs TLS, its bucket is not public, and its API has rate limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

RESOURCES: dict[str, Any] = json.loads(Path("infra/resources.json").read_text(encoding="utf-8"))["Resources"]


def properties(name: str) -> Any:
    return RESOURCES[name]["Properties"]


def test_the_table_the_bucket_and_the_queue_are_encrypted_with_the_key_that_is_named() -> None:
    with_key, without = properties("Ledger")["SSESpecification"]["Fn::If"][1:]
    assert (with_key["KMSMasterKeyId"], without) == ({"Ref": "Key"}, {"SSEEnabled": True})
    [rule] = properties("Reports")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    with_key, without = rule["ServerSideEncryptionByDefault"]["Fn::If"][1:]
    assert (with_key["KMSMasterKeyID"], without) == ({"Ref": "Key"}, {"SSEAlgorithm": "AES256"})
    queue = properties("DeadLetters")
    assert queue["KmsMasterKeyId"]["Fn::If"][1] == {"Ref": "Key"}
    assert queue["SqsManagedSseEnabled"]["Fn::If"][2] is True


@pytest.mark.parametrize(("policy", "of"), [("ReportsPolicy", "Reports"), ("DeadLettersPolicy", "DeadLetters")])
def test_the_bucket_and_the_queue_refuse_requests_without_tls(policy: str, of: str) -> None:
    [deny] = [s for s in properties(policy)["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert deny["Principal"] == "*"
    assert deny["Action"] in ("s3:*", "sqs:*")
    assert {"Fn::GetAtt": [of, "Arn"]} in ([deny["Resource"]] if isinstance(deny["Resource"], dict) else deny["Resource"])


def test_the_bucket_is_not_public_and_its_old_versions_expire_after_30_days() -> None:
    bucket = properties("Reports")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert {"NoncurrentDays": 30} in [
        rule.get("NoncurrentVersionExpiration") for rule in bucket["LifecycleConfiguration"]["Rules"]
    ]  # fmt: skip


def test_the_api_takes_20_requests_a_second_and_its_function_runs_five_times_at_once() -> None:
    assert [one["ThrottlingRateLimit"] for one in properties("RestAPI")["MethodSettings"]] == [20]
    assert properties("APIHandler")["ReservedConcurrentExecutions"]["Fn::If"][:2] == ["ReserveConcurrency", 5]
    assert RESOURCES["RestAPI"]["Condition"] == RESOURCES["APIHandler"]["Condition"] == "HasApi"
