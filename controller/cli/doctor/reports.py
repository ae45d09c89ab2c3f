"""What ``spotwarden doctor`` checks about the bucket of the reports: its account, access, retention and encryption."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from controller.cli.doctor.iam_statements import is_about, is_everybody, listed, statements_of
from controller.cli.doctor.triggers import REDEPLOY

PREFIX = "reports/"
BY_ANOTHER = "it was deleted, and somebody else made one of that name"
GONE = frozenset({"404", "NoSuchBucket"})
ELSEWHERE = frozenset({"301", "PermanentRedirect"})
UNSET = frozenset({
    "NoSuchPublicAccessBlockConfiguration", "NoSuchBucketPolicy", "NoSuchLifecycleConfiguration",
    "ServerSideEncryptionConfigurationNotFoundError",
})  # fmt: skip


def look_at_reports(s3: Any, bucket: str, account: str, key: str) -> tuple[bool, str]:
    """Compare the bucket with the one that the stack creates. ``key``: the stack's parameter Key, or empty."""
    if not bucket:
        return True, "the stack has no bucket for them"
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in GONE:
            return False, f"the bucket {bucket} is deleted, so no weekly report is written; {REDEPLOY}"
        if code in ELSEWHERE:
            return False, f"the bucket {bucket} is not in {s3.meta.region_name}: {BY_ANOTHER}; {REDEPLOY}"
        raise
    if not _is_of(s3, bucket, account):
        return False, f"the bucket {bucket} does not belong to account {account}: {BY_ANOTHER}; {REDEPLOY}"
    wrong = (_public(s3, bucket), _policy(s3, bucket), _kept(s3, bucket), _encrypted(s3, bucket, key))
    if said := [one for one in wrong if one]:
        return False, f"the bucket {bucket} {', and '.join(said)}; {REDEPLOY}"
    return True, f"{bucket} is private, accepts only TLS, and deletes old reports"


def _is_of(s3: Any, bucket: str, account: str) -> bool:
    """Whether a bucket that the caller can see belongs to the account."""
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
            raise
        return False
    return True


def _public(s3: Any, bucket: str) -> str:
    found = _unless_unset(s3.get_public_access_block, Bucket=bucket).get("PublicAccessBlockConfiguration", {})
    wanted = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    missing = [name for name in wanted if not found.get(name)]
    return f"may be made public ({', '.join(missing)} not set)" if missing else ""


def _policy(s3: Any, bucket: str) -> str:
    document = json.loads(_unless_unset(s3.get_bucket_policy, Bucket=bucket).get("Policy", "{}"))
    report = f"arn:{s3.meta.partition}:s3:::{bucket}/{PREFIX}report.html"
    denies = [one for one in statements_of(document, "Deny") if is_everybody(one.get("Principal"))]
    if any(not one.get("Condition") and is_about(one, "s3:PutObject", report) for one in denies):
        return "denies everybody s3:PutObject, so that no report can be written"
    plain = [one for one in denies if _means_plain_http(one.get("Condition"))]
    if all(any(is_about(one, action, report) for one in plain) for action in ("s3:PutObject", "s3:GetObject")):
        return ""
    return "has no policy that refuses requests without TLS"


def _means_plain_http(condition: Any) -> bool:
    """Whether a condition is true for every request without TLS: it must not have a second part."""
    if not isinstance(condition, Mapping) or len(condition) != 1:
        return False
    [(operator, wanted)] = condition.items()
    values = [(key.lower(), [str(value).lower() for value in listed(found)]) for key, found in wanted.items()]
    return operator in ("Bool", "BoolIfExists") and values == [("aws:securetransport", ["false"])]


def _kept(s3: Any, bucket: str) -> str:
    rules = _unless_unset(s3.get_bucket_lifecycle_configuration, Bucket=bucket).get("Rules", ())
    on = [one for one in rules if one.get("Status") == "Enabled" and PREFIX.startswith(_prefix(one))]
    older = [one.get("NoncurrentVersionExpiration", {}) for one in on]
    missing = [
        *(["reports"] if not any("Days" in one.get("Expiration", {}) for one in on) else []),
        *(
            ["older versions"]
            if not any("NoncurrentDays" in one and "NewerNoncurrentVersions" not in one for one in older)
            else []
        ),
    ]
    return f"keeps {' and '.join(missing)} for ever" if missing else ""


def _encrypted(s3: Any, bucket: str, key: str) -> str:
    answer = _unless_unset(s3.get_bucket_encryption, Bucket=bucket).get("ServerSideEncryptionConfiguration", {})
    default: Mapping[str, Any] = next((one.get("ApplyServerSideEncryptionByDefault", {}) for one in answer.get("Rules", ())), {})
    used = default.get("KMSMasterKeyID", "") if str(default.get("SSEAlgorithm", "")).startswith("aws:kms") else ""
    if used == key or (used.endswith("alias/aws/s3") and not key):
        return ""
    return f"is encrypted with {used or 'a key of S3'}, and the stack's Key is {key or 'empty'}"


def _prefix(rule: Mapping[str, Any]) -> str:
    """The prefix of a lifecycle rule. A rule that also filters by tag or size gets a prefix that no report has."""
    condition = rule.get("Filter", {})
    return "\0" if set(condition) - {"Prefix"} else str(condition.get("Prefix", "") or rule.get("Prefix", ""))


def _unless_unset(call: Callable[..., Any], **arguments: Any) -> Mapping[str, Any]:
    """The answer; empty if the bucket has no such setting."""
    try:
        answer: Mapping[str, Any] = call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in UNSET:
            raise
        return {}
    return answer
