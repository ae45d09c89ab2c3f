"""Reads statements of IAM policies and resource-based policies, where most members are one value or a list of values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]
COMPARED: Mapping[str, Callable[[str, str], bool]] = {  # condition operators that are compared; ArnEquals means ArnLike
    "ArnEquals": fnmatchcase, "ArnLike": fnmatchcase, "StringLike": fnmatchcase, "StringEquals": str.__eq__,
}  # fmt: skip


def listed(found: Any) -> list[Any]:
    """The values of a member as a list; empty if it is missing."""
    return found if isinstance(found, list) else [found] if found else []


def statements_of(document: Mapping[str, Any], effect: str) -> Iterator[Statement]:
    """The statements of a policy with an effect, ``Allow`` or ``Deny``. A single statement need not be in a list."""
    for one in listed(document.get("Statement")):
        if isinstance(one, Mapping) and one.get("Effect") == effect:
            yield one


def is_about(statement: Statement, action: str, resource: str = "") -> bool:
    """Whether a statement applies to an action and, if it is given, to a resource (an ARN).

    ``NotAction`` and ``NotResource`` apply to everything that they do not name. In IAM, the case of actions does not matter.
    """
    found = _selects(statement, "Action", lambda pattern: fnmatchcase(action.lower(), pattern.lower()))
    return found and (not resource or _selects(statement, "Resource", lambda pattern: fnmatchcase(resource, pattern)))


def is_everybody(principal: Any) -> bool:
    """Whether a principal is everybody: ``*``, or ``{"AWS": "*"}``."""
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
    """Whether a resource-based policy lets an AWS service do an action: a statement allows it, and none denies it.

    ``known``: values of condition keys, in lower case, such as ``aws:sourcearn``: an Allow with a condition for another value
    does not count. A Deny with a condition never counts: it may not apply. ``everybody``: a principal ``*`` includes services.
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
    """Whether a member, or its ``Not…`` form, matches a value. A statement without both, as in a trust policy, matches all."""
    if f"Not{member}" in statement:
        return not any(matches(str(pattern)) for pattern in listed(statement[f"Not{member}"]))
    return member not in statement or any(matches(str(pattern)) for pattern in listed(statement[member]))


def _names(principal: Any, service: str) -> bool:
    return isinstance(principal, Mapping) and service in listed(principal.get("Service"))


def _may_hold(statement: Statement, known: Mapping[str, str]) -> bool:
    """Whether a statement's conditions can be true with the known values."""
    for operator, wanted in (statement.get("Condition") or {}).items():
        same = COMPARED.get(operator.removesuffix("IfExists"))
        for key, values in wanted.items():
            value = known.get(key.lower())
            if same and value and not any(same(value, str(pattern)) for pattern in listed(values)):
                return False
    return True
