"""Reads statements of policies of IAM and of resources, in which most members are one value or a list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]
COMPARED: Mapping[str, Callable[[str, str], bool]] = {  # the operators whose truth can be told; ArnEquals means ArnLike
    "ArnEquals": fnmatchcase, "ArnLike": fnmatchcase, "StringLike": fnmatchcase, "StringEquals": str.__eq__,
}  # fmt: skip


def listed(found: Any) -> list[Any]:
    """The values of a member: itself where it is a list, none where it is missing."""
    return found if isinstance(found, list) else [found] if found else []


def statements_of(document: Mapping[str, Any], effect: str) -> Iterator[Statement]:
    """The statements of a policy that are ``Allow`` or ``Deny``; one statement needs no list."""
    for one in listed(document.get("Statement")):
        if isinstance(one, Mapping) and one.get("Effect") == effect:
            yield one


def is_about(statement: Statement, action: str, resource: str = "") -> bool:
    """Whether a statement is about an action and, where one is given, a resource (an ARN).

    ``NotAction`` and ``NotResource`` are about everything that they do not name. IAM reads actions in any case.
    """
    found = _selects(statement, "Action", lambda pattern: fnmatchcase(action.lower(), pattern.lower()))
    return found and (not resource or _selects(statement, "Resource", lambda pattern: fnmatchcase(resource, pattern)))


def is_everybody(principal: Any) -> bool:
    """Whether a principal is everybody: ``*``, also as an account."""
    return principal == "*" or (isinstance(principal, Mapping) and "*" in listed(principal.get("AWS")))


def lets_service(
    document: Mapping[str, Any],
    service: str,
    action: str,
    resource: str = "",
    *,
    known: Mapping[str, str] | None = None,
    everybody: bool = True,
) -> bool:
    """Whether a policy of a resource lets a service of AWS do something: a statement allows it, and none denies it.

    ``known`` are values of condition keys in lower case, such as ``aws:sourcearn``: an Allow whose condition wants another value
    does not count. A Deny with a condition does not count: it may not hold. ``everybody``: a principal ``*`` means services, too.
    """

    def counts(statement: Statement) -> bool:
        principal = statement.get("Principal")
        return _names(principal, service) or (everybody and is_everybody(principal))

    def refuses(statement: Statement) -> bool:
        principal = statement.get("Principal")
        named = not _names(statement["NotPrincipal"], service) if "NotPrincipal" in statement else _names(principal, service)
        return not statement.get("Condition") and (named or is_everybody(principal))

    allowed = any(
        counts(one) and is_about(one, action, resource) and _may_hold(one, known or {})
        for one in statements_of(document, "Allow")
    )
    return allowed and not any(refuses(one) and is_about(one, action, resource) for one in statements_of(document, "Deny"))


def _selects(statement: Statement, member: str, matches: Callable[[str], bool]) -> bool:
    """Whether a member or its opposite selects a value. A statement without both, as in a trust policy, is about everything."""
    if f"Not{member}" in statement:
        return not any(matches(str(pattern)) for pattern in listed(statement[f"Not{member}"]))
    return member not in statement or any(matches(str(pattern)) for pattern in listed(statement[member]))


def _names(principal: Any, service: str) -> bool:
    return isinstance(principal, Mapping) and service in listed(principal.get("Service"))


def _may_hold(statement: Statement, known: Mapping[str, str]) -> bool:
    """Whether no condition of a statement wants another value than one that is known."""
    for operator, wanted in (statement.get("Condition") or {}).items():
        same = COMPARED.get(operator.removesuffix("IfExists"))
        for key, values in wanted.items():
            value = known.get(key.lower())
            if same and value and not any(same(value, str(pattern)) for pattern in listed(values)):
                return False
    return True
