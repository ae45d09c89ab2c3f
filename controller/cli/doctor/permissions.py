"""Checks whether the roles of a stack allow the actions that the functions' code calls, and no others.

These actions are in ``function_actions.json``. ``python -m infra.doctor_actions`` writes it from a table that a test compares
with the code. Only actions are compared, not the resources of a statement and not permissions boundaries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from controller.cli.doctor.iam_statements import Statement, is_about, lets_service, listed, statements_of
from controller.cli.doctor.triggers import REDEPLOY
from controller.runtime.ports.answers import Unreachable

NEEDED = Path(__file__).with_name("function_actions.json")
Parameters = Mapping[str, str]
BY_SAGEMAKER = "sagemaker.amazonaws.com"
AGAIN = f"{REDEPLOY}, which restores its own policies"


def _where_given(*names: str) -> Callable[[Parameters], bool]:
    return lambda parameters: all(parameters.get(name, "").strip("[]'\" ") for name in names)


# The template's conditions for the permissions of a function.
CONDITIONS: Mapping[str, Callable[[Parameters], bool]] = {
    "": lambda _: True,
    "HasRoles": _where_given("TrainingRoles"),
    "HasBuckets": _where_given("CheckpointBuckets"),
    "HasPolicyUri": _where_given("PolicyUri"),
    "HasPolicyKey": _where_given("PolicyUri", "PolicyKey"),
    "HasSlack": _where_given("SlackTokenSecret"),
    "HasNoSlack": lambda parameters: not _where_given("SlackTokenSecret")(parameters),
    "HasSlackKey": _where_given("SlackTokenSecret", "SlackSecretKey"),
    "HasApi": lambda parameters: _where_given("SlackTokenSecret")(parameters) and parameters.get("SlackApi", "yes") == "yes",
    "HasNotices": lambda parameters: not _where_given("SlackTokenSecret")(parameters) and _where_given("NoticeTopic")(parameters),
    "HasPolicyTopics": _where_given("PolicyTopics"),
    "HasTopicKey": _where_given("TopicKey"),
    "HasVpc": _where_given("SubnetIds"),
    "HasKey": _where_given("Key"),
}


def needed_actions(parameters: Parameters) -> dict[str, set[str]]:
    """The IAM actions that each function needs in a stack with these parameters, by the logical ID of its role."""
    found: dict[str, set[str]] = {}
    for role, function in json.loads(NEEDED.read_text("utf-8")).items():
        if CONDITIONS[function["exists"]](parameters):
            found[role] = {a for when, actions in function["actions"].items() if CONDITIONS[when](parameters) for a in actions}
    return found


def function_of(role: str) -> str:
    """The function with a role, both as logical IDs."""
    return role.removesuffix("Role")


def look_at_role(iam: Any, role: str, name: str, needed: Iterable[str]) -> tuple[bool, str]:
    """Compare a deployed role with what its function needs. ``role``: its logical ID; ``name``: empty if it does not exist."""
    if not name:
        return False, f"{function_of(role)} has no role {role} in the stack: {AGAIN}"
    documents = list(_documents(iam, name))
    allows = [one for document in documents for one in statements_of(document, "Allow")]
    denies = [one for document in documents for one in statements_of(document, "Deny") if not one.get("Condition")]
    lacks = sorted(
        action for action in needed
        if not any(is_about(one, action) for one in allows) or any(is_about(one, action) for one in denies)
    )  # fmt: skip
    more = sorted(set(_beyond(allows, {action.lower() for action in needed})))
    attached, function = _attached(iam, name), function_of(role)
    if not lacks and not more and not attached:
        return True, f"{function} may do what its code calls, and no more"
    own = " in its own policies" if attached else ""  # an attached policy may allow what they lack
    said = [*([f"lacks {', '.join(lacks)}{own}"] if lacks else []), *([f"may also do {', '.join(more)}"] if more else [])]
    problems = [f"{function} {' and '.join(said)}: {AGAIN}"] if said else []
    if attached:
        problems.append(
            f"{function} may also do what {', '.join(attached)} allows, which is not part of the stack:"
            f" aws iam detach-role-policy --role-name {name} --policy-arn {attached[0]}"
        )
    return False, "; ".join(problems)


def look_at_training_roles(iam: Any, arns: Iterable[str], account: str) -> tuple[bool, str]:
    """Whether the roles that attempts may use exist, and SageMaker may assume them."""
    wanted, missing, closed = list(arns), list[str](), list[str]()
    if not wanted:
        return True, "none: the stack observes and reports, and submits nothing"
    if foreign := [arn for arn in wanted if arn.split(":")[4] != account]:
        return (
            False,
            f"these TrainingRoles belong to another account than {account}: {', '.join(foreign)};"
            " a job needs a role of its own account",
        )
    for arn in wanted:
        try:
            trust = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"].get("AssumeRolePolicyDocument", {})
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            missing.append(arn)
        else:
            by_this = {"aws:sourceaccount": account}
            if not lets_service(trust, BY_SAGEMAKER, "sts:AssumeRole", known=by_this, everybody=False):  # * is accounts
                closed.append(arn)
    problems = []
    if missing:
        problems.append(f"these TrainingRoles do not exist: {', '.join(missing)}; create them, or deploy without them")
    if closed:
        wanting = f"add {BY_SAGEMAKER} to the trust policy, or deploy without"
        problems.append(f"SageMaker may not assume {', '.join(closed)}: {wanting}")
    return not problems, "; ".join(problems) or ", ".join(wanted)


def _attached(iam: Any, name: str) -> list[str]:
    """The ARNs of the managed policies of a role; the stack itself attaches none."""
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    return sorted(policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"])


def _beyond(allows: Iterable[Statement], needed: Collection[str]) -> Iterator[str]:
    """The actions that statements allow and that are not needed; ``needed`` is in lower case."""
    for one in allows:
        yield from (action for action in listed(one.get("Action")) if action.lower() not in needed)
        if "NotAction" in one:
            yield f"everything but {', '.join(listed(one['NotAction']))}"


def _documents(iam: Any, name: str) -> Iterator[Mapping[str, Any]]:
    """The inline policies of a role. Raises Unreachable for one that is not JSON."""
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
        for policy in page["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            if not isinstance(document, Mapping):  # boto3 decodes JSON
                raise Unreachable(f"the policy {policy} of {name} is not JSON")
            yield document
