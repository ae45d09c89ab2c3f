"""The doctor reports missing and excess permissions of the roles of functions and of training jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from controller.cli.doctor.permissions import look_at_role, look_at_training_roles
from controller.cli.doctor.triggers import REDEPLOY
from infra.local import aws

NO_TRUST = {"Version": "2012-10-17", "Statement": []}


@pytest.fixture(scope="module")
def local() -> Iterator[aws.Local]:
    with aws.start() as started:
        yield started


def role_with(local: aws.Local, name: str, *statements: Mapping[str, Any]) -> str:
    iam = local.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(NO_TRUST))["Role"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=json.dumps(document))
    return str(arn)


ALLOWS = {"Effect": "Allow", "Action": ["dynamodb:GetItem", "sns:Publish"], "Resource": "*"}


def test_a_role_with_a_managed_policy_may_do_more_than_its_own_policy_says(local: aws.Local) -> None:
    needed = set(ALLOWS["Action"])
    role_with(local, "attached", ALLOWS)
    assert look_at_role(local.client("iam"), "DrainRole", "attached", needed)[0]
    policy = local.client("iam").create_policy(PolicyName="more", PolicyDocument=json.dumps(NO_TRUST | {"Statement": [ALLOWS]}))
    arn = policy["Policy"]["Arn"]
    local.client("iam").attach_role_policy(RoleName="attached", PolicyArn=arn)
    assert look_at_role(local.client("iam"), "DrainRole", "attached", needed) == (
        False,
        f"Drain may also do what {arn} allows, which is not part of the stack:"
        f" aws iam detach-role-policy --role-name attached --policy-arn {arn}",
    )


def test_a_problem_of_a_role_does_not_hide_another_one(local: aws.Local) -> None:
    iam = local.client("iam")
    policy = iam.create_policy(PolicyName="other", PolicyDocument=json.dumps(NO_TRUST | {"Statement": [ALLOWS]}))["Policy"]["Arn"]
    closed = role_with(local, "short", {"Effect": "Allow", "Action": ["sns:Publish", "iam:PassRole"], "Resource": "*"})
    iam.attach_role_policy(RoleName="short", PolicyArn=policy)
    ok, says = look_at_role(iam, "DrainRole", "short", set(ALLOWS["Action"]))
    lacks, attached = says.split("; Drain ")
    assert not ok
    assert lacks.startswith("Drain lacks dynamodb:GetItem in its own policies and may also do iam:PassRole: ")
    assert attached.startswith(f"may also do what {policy} allows")
    gone = f"arn:aws:iam::{aws.ACCOUNT}:role/gone"
    ok, says = look_at_training_roles(iam, [closed, gone], aws.ACCOUNT)
    assert (ok, gone in says, f"SageMaker may not assume {closed}: " in says) == (False, True, True)


def test_a_permission_that_the_same_role_denies_is_missing(local: aws.Local) -> None:
    role_with(local, "denies", ALLOWS, {"Effect": "Deny", "Action": "sns:*", "Resource": "*"})
    said = look_at_role(local.client("iam"), "DrainRole", "denies", ALLOWS["Action"])
    assert said == (False, f"Drain lacks sns:Publish: {REDEPLOY}, which restores its own policies")


OTHERS: Mapping[str, tuple[str, list[Mapping[str, Any]]]] = {
    "another case": ("", [{"Effect": "Allow", "Action": ["DynamoDB:getitem", "SNS:Publish"], "Resource": "*"}]),
    "denied under a condition": ("", [
        ALLOWS, {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ]),
    "a deny of all but one": ("lacks dynamodb:GetItem", [ALLOWS, {"Effect": "Deny", "NotAction": "sns:*", "Resource": "*"}]),
    "everything but one": ("may also do everything but iam:*, sts:*", [
        {"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"},
    ]),
    "everything but what it needs": ("lacks sns:Publish and may also do everything but sns:*", [
        {"Effect": "Allow", "NotAction": "sns:*", "Resource": "*"},
    ]),
    "any action": ("may also do dynamodb:*", [ALLOWS, {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]),
}  # fmt: skip


@pytest.mark.parametrize(("said", "statements"), OTHERS.values(), ids=list(OTHERS))
def test_what_a_role_may_do_is_read_from_every_form_of_statement(
    local: aws.Local, said: str, statements: list[Mapping[str, Any]], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id.replace(" ", "-")
    role_with(local, name, *statements)
    ok, says = look_at_role(local.client("iam"), "DrainRole", name, set(ALLOWS["Action"]))
    assert says == (f"Drain {said}: {REDEPLOY}, which restores its own policies" if said else says)
    assert ok is (said == "")


def test_training_roles_that_sagemaker_or_this_account_cannot_use_are_named(local: aws.Local) -> None:
    iam, arn = local.client("iam"), role_with(local, "untrusted", ALLOWS)
    assert look_at_training_roles(iam, [arn], aws.ACCOUNT) == (
        False, f"SageMaker may not assume {arn}: add sagemaker.amazonaws.com to the trust policy, or deploy without"
    )  # fmt: skip
    other = arn.replace(aws.ACCOUNT, "999999999999")
    assert look_at_training_roles(iam, [arn, other], aws.ACCOUNT) == (
        False, f"these TrainingRoles belong to another account than {aws.ACCOUNT}: {other}; a job needs a role of its own account"
    )  # fmt: skip
    by_sagemaker = {"Effect": "Allow", "Principal": {"Service": ["sagemaker.amazonaws.com"]}, "Action": "sts:AssumeRole"}
    made = json.dumps(NO_TRUST | {"Statement": [by_sagemaker]})
    trusted = iam.create_role(RoleName="trusted", AssumeRolePolicyDocument=made)["Role"]["Arn"]
    assert look_at_training_roles(iam, [trusted], aws.ACCOUNT) == (True, trusted)


NAMED = {"Service": ["ec2.amazonaws.com", "sagemaker.amazonaws.com"]}
TRUSTS: Mapping[str, tuple[bool, list[Mapping[str, Any]]]] = {
    "a list of services": (True, [{"Effect": "Allow", "Principal": NAMED, "Action": ["sts:AssumeRole", "sts:TagSession"]}]),
    "any action of STS": (True, [{"Effect": "Allow", "Principal": NAMED, "Action": "sts:*"}]),
    "another deny": (True, [
        {"Effect": "Allow", "Principal": NAMED, "Action": "sts:AssumeRole"},
        {"Effect": "Deny", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "*"},
        {"Effect": "Deny", "Principal": NAMED, "Action": "sts:TagSession"},
        {"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ]),
    "a deny that names it": (False, [
        {"Effect": "Allow", "Principal": NAMED, "Action": "sts:AssumeRole"},
        {"Effect": "Deny", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ]),
    "a deny for everybody": (False, [
        {"Effect": "Allow", "Principal": NAMED, "Action": "sts:AssumeRole"},
        {"Effect": "Deny", "Principal": "*", "Action": "sts:*"},
    ]),
    "a deny for all but others": (False, [
        {"Effect": "Allow", "Principal": NAMED, "Action": "sts:AssumeRole"},
        {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}, "NotAction": "sts:TagSession"},
    ]),
    "only a deny": (False, [{"Effect": "Deny", "Principal": NAMED, "Action": "sts:AssumeRole"}]),
    "another action": (False, [{"Effect": "Allow", "Principal": NAMED, "Action": "sts:TagSession"}]),
    "its name in another place": (False, [
        {"Effect": "Allow", "Principal": {"AWS": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ]),
    "for this account": (True, [
        {"Effect": "Allow", "Principal": NAMED, "Action": "sts:AssumeRole", "Condition": {
            "StringEquals": {"aws:SourceAccount": [aws.ACCOUNT, "999999999999"]},
            "ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:*:{aws.ACCOUNT}:*"},
        }},
    ]),
    "for another account": (False, [
        {"Effect": "Allow", "Principal": NAMED, "Action": "sts:AssumeRole", "Condition": {
            "StringEquals": {"AWS:SourceAccount": "999999999999"},
        }},
    ]),
    "every account": (False, [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]),
}  # fmt: skip


@pytest.mark.parametrize(("may", "statements"), TRUSTS.values(), ids=list(TRUSTS))
def test_a_trust_policy_is_read_by_statement_and_a_deny_counts(may: bool, statements: list[Mapping[str, Any]]) -> None:
    class OneRole:
        def get_role(self, RoleName: str) -> Mapping[str, Any]:  # noqa: N803 (AWS's own name)
            return {"Role": {"RoleName": RoleName, "AssumeRolePolicyDocument": NO_TRUST | {"Statement": statements}}}

    ok, _ = look_at_training_roles(OneRole(), [f"arn:aws:iam::{aws.ACCOUNT}:role/one"], aws.ACCOUNT)
    assert ok is may
