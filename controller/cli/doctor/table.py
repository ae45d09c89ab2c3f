"""What ``spotwarden doctor`` checks about the ledger's table: its keys and indexes, expiry of rows, and protection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from controller.aws.dynamodb.keys import RESTORE
from controller.aws.dynamodb.table import Table
from controller.aws.errors import AwsFault, fault_of

KEYS = {"HASH": "pk", "RANGE": "sk"}
INDEXES = {"due": ("due_pk", "ring_at"), "day": ("day_pk", "sk"), "family": ("family_pk", "family_at")}  # as in the stack


def look_at_table(client: Any, table: str) -> tuple[bool, str]:
    """Whether the table has all that a ledger needs."""
    try:
        found = client.describe_table(TableName=table)["Table"]
    except ClientError as error:
        if fault_of(error) is AwsFault.MISSING:
            region = client.meta.region_name
            return (
                False,
                f"{region} has no table {table}: restore it from its backup there, and deploy with its name as ExistingLedger",
            )
        raise
    if found["TableStatus"] not in ("ACTIVE", "UPDATING"):
        return (
            False,
            f"the table {table} is {found['TableStatus']}, so nothing can be read or written: wait, or look at its KMS key",
        )
    if wrong := _wrong_keys(found):
        return False, f"the table {table} has {wrong}: restore it with the keys and indexes of Ledger in infra/resources.json"
    if Table(client, table).get(RESTORE, "mark"):
        return False, f"a restore into {table} is not complete: pause with spotwarden halt, then repeat the restore"
    live = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if live.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING") or live.get("AttributeName") != "expires_at":
        return (
            False,
            f"the table {table} has no time to live on expires_at, so no row expires: aws dynamodb update-time-to-live sets it",
        )
    backups = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
        return False, (
            f"the table {table} has no point-in-time recovery: aws dynamodb update-continuous-backups --table-name {table}"
            " --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true sets it"
        )
    if not found.get("DeletionProtectionEnabled"):
        return False, (
            f"the table {table} can be deleted: protect it with aws dynamodb update-table --table-name {table}"
            " --deletion-protection-enabled"
        )
    return True, f"{table} is {found['TableStatus']}, with its indexes, and protected"


def _wrong_keys(found: Mapping[str, Any]) -> str:
    if (keys := _keys(found)) != KEYS:
        return f"the key {', '.join(keys.values())}, wanted pk and sk"
    indexes = {i["IndexName"]: i for i in found.get("GlobalSecondaryIndexes", ()) if i.get("IndexStatus", "ACTIVE") == "ACTIVE"}
    if missing := sorted(set(INDEXES) - set(indexes)):
        return f"no index {', '.join(missing)}"
    for name, (hash_key, range_key) in INDEXES.items():
        if (keys := _keys(indexes[name])) != {"HASH": hash_key, "RANGE": range_key}:
            return f"an index {name} with the key {', '.join(keys.values())}, wanted {hash_key} and {range_key}"
    return ""


def _keys(found: Mapping[str, Any]) -> dict[str, str]:
    return {one["KeyType"]: one["AttributeName"] for one in found["KeySchema"]}
