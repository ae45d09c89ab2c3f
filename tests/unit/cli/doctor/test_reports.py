"""The doctor reports what is wrong with the bucket of the reports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from controller.cli.doctor.reports import look_at_reports
from controller.cli.doctor.triggers import REDEPLOY
from infra.local import aws
from infra.stack import merge_template
from tests.client_errors import client_error

KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
TLS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
EVERYBODY = {"Effect": "Deny", "Principal": {"AWS": ["*"]}}
RULES: list[dict[str, Any]] = [
    {"Status": "Enabled", "Expiration": {"Days": 731}, "Filter": {"Prefix": "reports/"}},
    {"Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 30}, "Filter": {"Prefix": ""}},
]


def as_the_stack_makes_it(s3: Any, bucket: str) -> None:
    """Set what moto's CloudFormation does not set on a bucket."""
    made = merge_template("python3.14", "arm64")["Resources"]["Reports"]["Properties"]["PublicAccessBlockConfiguration"]
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=made)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [TLS]}))
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": RULES})


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with aws.start() as started:
        made = started.client("s3")
        made.create_bucket(Bucket="reports")
        yield made


@pytest.fixture(autouse=True)
def _whole(s3: Any) -> None:
    as_the_stack_makes_it(s3, "reports")
    s3.delete_bucket_encryption(Bucket="reports")


def encrypted(s3: Any, **default: str) -> None:
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    s3.put_bucket_encryption(Bucket="reports", ServerSideEncryptionConfiguration={"Rules": rules})


def policy(s3: Any, *statements: Mapping[str, Any]) -> None:
    s3.put_bucket_policy(Bucket="reports", Policy=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def rules(s3: Any, *kept: Mapping[str, Any]) -> None:
    s3.put_bucket_lifecycle_configuration(Bucket="reports", LifecycleConfiguration={"Rules": list(kept)})


NO_TLS = "has no policy that refuses requests without TLS"


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        (lambda s3: s3.delete_public_access_block(Bucket="reports"), "", "may be made public (BlockPublicAcls, BlockPublicP"),
        (lambda s3: s3.delete_bucket_policy(Bucket="reports"), "", NO_TLS),
        (lambda s3: policy(s3, TLS | {"Effect": "Allow"}), "", NO_TLS),
        (lambda s3: policy(s3, TLS | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}), "", NO_TLS),
        (
            lambda s3: policy(s3, TLS, {"Effect": "Deny", "Principal": "*", "Action": "s3:Put*", "Resource": "*"}), "",
            "denies everybody s3:PutObject, so that no report can be written",
        ),
        (lambda s3: policy(s3, TLS | {"Condition": {**TLS["Condition"], "StringEquals": {"aws:SourceVpc": "v"}}}), "", NO_TLS),
        (lambda s3: policy(s3, TLS | {"Action": "s3:PutObject"}), "", NO_TLS),
        (lambda s3: policy(s3, TLS | {"Resource": "arn:aws:s3:::reports"}), "", NO_TLS),
        (lambda s3: policy(s3, TLS | {"Principal": {"AWS": f"arn:aws:iam::{aws.ACCOUNT}:role/one"}}), "", NO_TLS),
        (
            lambda s3: policy(s3, TLS, EVERYBODY | {"NotAction": "s3:Get*", "NotResource": "arn:aws:s3:::reports/private/*"}), "",
            "denies everybody s3:PutObject, so that no report can be written",
        ),
        (lambda s3: rules(s3, RULES[0], RULES[1] | {"Filter": {"Prefix": "old/"}}), "", "keeps older versions for ever"),
        (lambda s3: s3.delete_bucket_lifecycle(Bucket="reports"), "", "keeps reports and older versions for ever"),
        (lambda s3: rules(s3, RULES[0]), "", "keeps older versions for ever"),
        (lambda s3: rules(s3, RULES[0] | {"Status": "Disabled"}, RULES[1]), "", "keeps reports for ever"),
        (lambda s3: rules(s3, RULES[0] | {"Filter": {"Prefix": "old/"}}, RULES[1]), "", "keeps reports for ever"),
        (
            lambda s3: rules(s3, RULES[0] | {"Filter": {"Tag": {"Key": "a", "Value": "b"}}}, RULES[1]), "",
            "keeps reports for ever",
        ),
        (lambda s3: encrypted(s3, SSEAlgorithm="aws:kms", KMSMasterKeyID=KEY), "", f"is encrypted with {KEY}, and the stack"),
        (lambda s3: encrypted(s3, SSEAlgorithm="AES256"), KEY, f"is encrypted with a key of S3, and the stack's Key is {KEY}"),
    ],
)  # fmt: skip
def test_a_bucket_that_is_not_as_the_stack_made_it_is_named(s3: Any, change: Any, key: str, said: str) -> None:
    change(s3)
    ok, says = look_at_reports(s3, "reports", aws.ACCOUNT, key)
    assert ok is False
    assert says.startswith(f"the bucket reports {said}")
    assert says.endswith(f"; {REDEPLOY}")
    assert says.count(", and ") == said.count(", and ")  # no other problem


class WithRules:
    """A bucket with lifecycle rules that have members which moto does not keep."""

    def __init__(self, s3: Any, *kept: Mapping[str, Any]) -> None:
        self.s3, self.kept = s3, kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s3, name)

    def get_bucket_lifecycle_configuration(self, **_: Any) -> Any:
        return {"Rules": self.kept}


@pytest.mark.parametrize(
    ("reports", "older", "said"),
    [
        ({"Filter": {"ObjectSizeGreaterThan": 9}}, {}, "reports"),
        ({"Filter": {"ObjectSizeLessThan": 9}}, {}, "reports"),
        ({"Filter": {"And": {"Prefix": "", "ObjectSizeLessThan": 9}}}, {}, "reports"),
        ({"Filter": {}, "Prefix": "old/"}, {}, "reports"),
        ({}, {"Filter": {"ObjectSizeLessThan": 9}}, "older versions"),
        ({}, {"NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 5}}, "older versions"),
        ({}, {}, ""),
    ],
)
def test_a_lifecycle_rule_counts_only_if_it_is_about_every_report(
    s3: Any, reports: Mapping[str, Any], older: Mapping[str, Any], said: str
) -> None:
    ok, says = look_at_reports(WithRules(s3, RULES[0] | reports, RULES[1] | older), "reports", aws.ACCOUNT, "")
    assert ok is not bool(said)
    assert not said or says == f"the bucket reports keeps {said} for ever; {REDEPLOY}"


def test_a_bucket_as_the_stack_makes_it_is_in_order(s3: Any) -> None:
    whole = (True, "reports is private, accepts only TLS, and deletes old reports")
    assert look_at_reports(s3, "reports", aws.ACCOUNT, "") == whole
    policy(
        s3, TLS | {"Action": ["s3:Get*", "s3:put*"], "Resource": ["arn:aws:s3:::reports/*"]},
        EVERYBODY | {"Action": "s3:*", "Resource": "arn:aws:s3:::reports/private/*"}, EVERYBODY | {"NotAction": "s3:*Object"},
    )  # fmt: skip
    assert look_at_reports(s3, "reports", aws.ACCOUNT, "") == whole
    rules(s3, {"Status": "Enabled", "Expiration": {"Days": 90}, "Filter": {}}, RULES[1])
    encrypted(s3, SSEAlgorithm="aws:kms", KMSMasterKeyID=KEY)
    assert look_at_reports(s3, "reports", aws.ACCOUNT, KEY) == whole
    assert look_at_reports(s3, "gone", aws.ACCOUNT, "") == (
        False, f"the bucket gone is deleted, so no weekly report is written; {REDEPLOY}"
    )  # fmt: skip


class OfSomebodyElse:
    """A bucket of another account that the caller may see, or a bucket of another region."""

    def __init__(self, code: str = "") -> None:
        self.code = code
        self.meta = type("Meta", (), {"region_name": "us-east-1"})()

    def head_bucket(self, Bucket: str, ExpectedBucketOwner: str = "") -> None:  # noqa: N803 (AWS's own names)
        if self.code or ExpectedBucketOwner:
            raise client_error(self.code or "403", operation="HeadBucket", status=int(self.code or 403))


@pytest.mark.parametrize(("code", "said"), [("", "does not belong to account 123456789012"), ("301", "is not in us-east-1")])
def test_a_bucket_of_somebody_else_with_the_name_of_a_deleted_one_is_named(code: str, said: str) -> None:
    ok, says = look_at_reports(OfSomebodyElse(code), "reports", aws.ACCOUNT, "")
    assert ok is False
    assert says.startswith(f"the bucket reports {said}: it was deleted, and somebody else made one of that name")
