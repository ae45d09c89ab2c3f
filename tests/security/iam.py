"""Evaluates the IAM policies of the functions for one stack. All their statements are Allow statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from infra import function_permissions as permissions

PARTITION, REGION, ACCOUNT, STACK = "aws", "us-east-1", "123456789012", "spotwarden"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Ledger"
NOTHING: Mapping[str, str] = {}


def allows(
    function: str, action: str, resource: str, *, roles: tuple[str, ...], context: Mapping[str, Any] = NOTHING
) -> bool:  # fmt: skip
    """Whether a function's own policy allows a call. ``roles`` is the value of the parameter TrainingRoles."""
    return any(_matches(s, action, resource, roles, context) for s in _deployed(function, has_roles=bool(roles)))


def _deployed(function: str, *, has_roles: bool) -> Iterator[Mapping[str, Any]]:
    """The statements of a function in a stack for which all other parameters are given."""
    for statement in permissions.policy(function)["Statement"]:
        when, yes, _ = statement.get("Fn::If", ("", statement, None))
        if when != "HasRoles" or has_roles:
            yield yes


def _matches(
    statement: Mapping[str, Any], action: str, resource: str, roles: tuple[str, ...], context: Mapping[str, Any]
) -> bool:
    conditions = [
        (operator, key, wanted) for operator, keys in statement.get("Condition", {}).items() for key, wanted in keys.items()
    ]
    return (
        any(fnmatchcase(action, allowed) for allowed in statement["Action"])
        and any(fnmatchcase(resource, arn) for arn in _arns(statement["Resource"], roles))
        and all(_holds(operator, key, wanted, context) for operator, key, wanted in conditions)
    )


def _holds(operator: str, key: str, wanted: Any, context: Mapping[str, Any]) -> bool:
    found, patterns = context.get(key), wanted if isinstance(wanted, list) else [wanted]
    match operator:
        case "Null":
            return (found is None) == (wanted == "true")
        case "StringEquals":
            return found in patterns
        case "StringLike":
            return found is not None and any(fnmatchcase(found, pattern) for pattern in patterns)
        case "ForAllValues:StringLike":
            return all(any(fnmatchcase(value, pattern) for pattern in patterns) for value in found or ())
        case _:
            raise AssertionError(f"this evaluation does not know the condition operator {operator}")


def _arns(resource: Any, roles: tuple[str, ...]) -> list[str]:
    match resource:
        case str():
            return [resource]
        case {"Fn::If": [_, yes, _]}:
            return _arns(yes, roles)
        case {"Ref": "TrainingRoles"}:
            return list(roles)
        case {"Ref": name}:
            return [f"ref:{name}"]
        case {"Fn::GetAtt": ["Ledger", "Arn"]}:
            return [TABLE]
        case {"Fn::GetAtt": [name, _]}:
            return [f"att:{name}"]
        case {"Fn::Sub": [text, _]}:
            return [_substituted(text.replace("${Table}", TABLE))]
        case {"Fn::Sub": text}:
            return [_substituted(text)]
        case {"Fn::Join": _} if resource == permissions.POLICY:
            return [f"arn:{PARTITION}:s3:::acme-policies/policies.json"]
        case list():
            return [arn for one in resource for arn in _arns(one, roles)]
        case _:
            raise AssertionError(f"this evaluation does not know the resource {resource}")


def _substituted(text: str) -> str:
    known = {
        "AWS::Partition": PARTITION, "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::StackName": STACK,
        "Reports.Arn": "arn:aws:s3:::reports", "EventBus": "default",
    }  # fmt: skip
    for name, value in known.items():
        text = text.replace(f"${{{name}}}", value)
    return text
