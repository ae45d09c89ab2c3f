"""Resource-based policies are read statement by statement: effect, principal, action, resource and condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from controller.cli.doctor.iam_statements import lets_service

SERVICE, ACTION = "events.amazonaws.com", "lambda:InvokeFunction"
SWEEP = "arn:aws:lambda:us-east-1:123456789012:function:Sweep"
RULE = "arn:aws:events:us-east-1:123456789012:rule/one"
ALLOW: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": ACTION, "Resource": SWEEP}
DENY = ALLOW | {"Effect": "Deny"}
TLS = {"Bool": {"aws:SecureTransport": "false"}}


def without(statement: Mapping[str, Any], *names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name not in names} | more


CASES: Mapping[str, tuple[bool, Any]] = {
    "one statement": (True, ALLOW),
    "lists": (True, [ALLOW | {"Principal": {"Service": ["s3.amazonaws.com", SERVICE]}, "Action": ["a:b", ACTION]}]),
    "wildcards": (True, [ALLOW | {"Action": "LAMBDA:invoke*", "Resource": "*:function:Swee?"}]),
    "everybody": (True, [ALLOW | {"Principal": "*"}]),
    "every account": (True, [ALLOW | {"Principal": {"AWS": "*"}}]),
    "all actions but others": (True, [without(ALLOW, "Action", NotAction="lambda:Get*")]),
    "all resources but others": (True, [without(ALLOW, "Resource", NotResource=[f"{SWEEP}:*"])]),
    "no statement": (False, []),
    "another action": (False, [ALLOW | {"Action": "lambda:GetFunction"}]),
    "all actions but this": (False, [without(ALLOW, "Action", NotAction="lambda:*")]),
    "another resource": (False, [ALLOW | {"Resource": f"{SWEEP}:live"}]),
    "all resources but this": (False, [without(ALLOW, "Resource", NotResource="*:Sweep")]),
    "another service": (False, [ALLOW | {"Principal": {"Service": "scheduler.amazonaws.com"}}]),
    "a service whose name contains it": (False, [ALLOW | {"Principal": {"Service": f"x.{SERVICE}.cn"}}]),
    "an account of that name": (False, [ALLOW | {"Principal": {"AWS": SERVICE}}]),
    "all but one": (False, [without(ALLOW, "Principal", NotPrincipal={"AWS": "arn:aws:iam::1:root"})]),
    "for this rule": (True, [ALLOW | {"Condition": {"ArnLike": {"AWS:SourceArn": [RULE[:-3] + "*"]}}}]),
    "for another rule": (False, [ALLOW | {"Condition": {"ArnEquals": {"aws:SourceArn": f"{RULE}2"}}}]),
    "for another rule, if it is said": (False, [ALLOW | {"Condition": {"StringEqualsIfExists": {"aws:SourceArn": "r"}}}]),
    "for what is not known": (True, [
        ALLOW | {"Condition": {"StringEquals": {"aws:SourceAccount": "1"}, "Null": {"a:b": "true"}}},
    ]),
    "denied": (False, [ALLOW, DENY]),
    "denied to everybody": (False, [ALLOW, DENY | {"Principal": {"AWS": ["*"]}, "Action": "lambda:*"}]),
    "denied but for others": (False, [ALLOW, without(DENY, "Principal", NotPrincipal={"AWS": "arn:aws:iam::1:root"})]),
    "all denied but others": (False, [ALLOW, without(DENY, "Action", NotAction="lambda:Get*")]),
    "others denied": (True, [ALLOW, DENY | {"Principal": {"Service": "s3.amazonaws.com"}}, DENY | {"Action": "lambda:Get*"}]),
    "another resource denied": (True, [ALLOW, DENY | {"Resource": f"{SWEEP}:live"}]),
    "all denied but it": (True, [ALLOW, without(DENY, "Principal", NotPrincipal={"Service": SERVICE})]),
    "denied without TLS": (True, [ALLOW, DENY | {"Principal": "*", "Condition": TLS}]),
}  # fmt: skip


@pytest.mark.parametrize(("may", "statements"), CASES.values(), ids=list(CASES))
def test_a_service_may_do_what_a_statement_allows_and_none_denies(may: bool, statements: Any) -> None:
    found = lets_service({"Statement": statements}, SERVICE, ACTION, SWEEP, known={"aws:sourcearn": RULE})
    assert found is may
