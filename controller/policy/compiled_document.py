"""Reads a compiled policy document that comes from outside the package, such as from S3. A document is either valid or refused.

A document contains the ``version`` of its format and a hash of its content (``revision``). So a document is refused if it was cut
off, changed by hand or compiled for another format. Then its values are checked against the types of ``Policy`` and the bounds
in their annotations, which the compiler uses too. Only the standard library is needed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NoReturn

from controller.jobs.failure import RetryChange
from controller.policy.bounds import WHEN_MAX
from controller.policy.document_types import mistyped, short
from controller.policy.load_policy import load_policy
from controller.policy.policy import Policy, Rule
from controller.policy.rules.rule_kinds import RULE_KINDS
from controller.policy.when import ORDERS

VERSION = 1
"""The version of the document format. Increase it for a change after which older code would misread a document."""
BYTES_MAX = 350_000
"""The maximum length of a document in bytes of UTF-8. It is stored in a DynamoDB item, which can be at most 400 KB."""

_AROUND = ("version", "revision")  # keys that the revision does not cover
_SIGNS = {*ORDERS, "==", "!=", "matches", "in"}


class BadPolicyDocument(ValueError):
    """A text is not a valid compiled policy document of this version. The message names what was found and what is wanted."""


def revision_of(content: Mapping[str, Any]) -> str:
    """The revision of a document's content: 12 hexadecimal digits that do not depend on the order of keys."""
    whole = {name: value for name, value in content.items() if name not in _AROUND}
    return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:12]


def document_text(document: Mapping[str, Any]) -> str:
    """The document as compact JSON with sorted keys, so that equal documents give equal text."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def document_of(text: str | bytes) -> dict[str, Any]:
    """Parse a document and check its size, version and revision, but not its values. Raises BadPolicyDocument."""
    size = len(text.encode() if isinstance(text, str) else text)
    if size > BYTES_MAX:
        raise BadPolicyDocument(f"found {size:,} bytes, wanted at most {BYTES_MAX:,}")
    try:
        found = json.loads(text if isinstance(text, str) else text.decode(), parse_constant=_no_constant, object_pairs_hook=_once)
        document_text(found).encode()  # JSON can escape a lone surrogate, which cannot be stored as UTF-8
    except (ValueError, RecursionError) as error:
        raise BadPolicyDocument(f"found text that is not JSON ({short(error)}), wanted what spotwarden compile writes") from None
    if not isinstance(found, dict):
        raise BadPolicyDocument(f"found JSON that is a {type(found).__name__}, wanted the map that spotwarden compile writes")
    if found.get("version") != VERSION or isinstance(found["version"], bool):
        has = f"version {short(found['version'])}" if "version" in found else "no version"
        raise BadPolicyDocument(f"found {has}, wanted version {VERSION}: compile the policies with the spotwarden of the stack")
    if found.get("revision") != (own := revision_of(found)):
        raise BadPolicyDocument(
            f"found revision {short(found.get('revision', 'none'))} with the content of {own}: it was cut off or changed after"
            " spotwarden compile wrote it"
        )
    return found


def policy_of(document: Mapping[str, Any], in_force_at: datetime) -> Policy:
    """The policy in a document that ``document_of`` returned, with all values checked. Raises BadPolicyDocument."""
    try:
        policy = load_policy(document, in_force_at)
        wrong = next(chain(mistyped(Policy, policy, "policy"), _broken_rules(policy.rules), _beyond(policy)), None)
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError, RecursionError) as error:
        raise BadPolicyDocument(f"found a policy that cannot be read ({short(error)}): compile it again") from None
    if wrong:
        raise BadPolicyDocument(f"found {wrong}: compile it again")
    return policy


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"found {text}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object without duplicate names. ``dict`` would keep only the last, and the revision would not cover the others."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the name {next(name for name in names if names.count(name) > 1)!r} twice in one object")
    return found


def _broken_rules(rules: Sequence[Rule]) -> Any:
    """What is wrong with the options and expressions of rules. The annotations of ``Policy`` do not cover them."""
    for rule in rules:
        kind = RULE_KINDS.get(rule.kind)
        if kind is None:
            yield f"the rule {short(rule.name)} of the unknown kind {short(rule.kind)}"
            continue
        options = kind.options(**{name: tuple(v) if isinstance(v, list) else v for name, v in rule.options.items()})
        yield from mistyped(type(options), options, f"the options of {short(rule.name)}")
        if rule.when is not None and not (len(rule.when.text) <= WHEN_MAX and _is_condition(rule.when.tree)):
            yield f"the rule {short(rule.name)} with an expression that cannot be evaluated"


def _beyond(policy: Policy) -> Any:
    """Faults that the type and the bounds of a single value do not show: duplicate names, too high limits for a cause.

    Raises KeyError, ValueError or OSError for a time zone that does not exist.
    """
    for noun, named in (("rule", policy.rules), ("block", policy.resubmissions), ("waiver", policy.waivers)):
        names = [one.name for one in named]
        yield from (f"two of the {noun}s named {short(name)}" for name in names if names.count(name) > 1)
    for block in policy.resubmissions:
        for cause, budget in block.causes.items():
            if cause.next is RetryChange.NEVER or budget.limit > (cause.tries_max or budget.limit):
                yield f"a limit of {budget.limit} for {cause} in {short(block.name)}, wanted at most {cause.tries_max or 0}"
    from zoneinfo import ZoneInfo  # imported here, because only a policy from outside the package needs it

    ZoneInfo(policy.slack.digest.timezone)  # OSError: the name is a folder of the time zone database


# ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_condition(node: Any) -> bool:
    """Whether ``controller.policy.when`` can evaluate a node of an expression's tree as a condition."""
    match node:
        case ["and" | "or", _, *_]:
            return all(map(_is_condition, node[1:]))
        case ["not", part]:
            return _is_condition(part)
        case ["has", field]:
            return _is_field(field)
        case ["any" | "all", [sign, field, ["constant", found]]]:
            return sign in _SIGNS and _is_field(field) and _is_constant(found)
        case ["field", _] | ["default", _, _]:
            return _is_value(node)
        case [str(sign), left, right]:
            return sign in _SIGNS and _is_value(left) and _is_value(right)
    return False


def _is_value(node: Any) -> bool:
    match node:
        case ["constant", found]:
            return _is_constant(found)
        case ["count", field]:
            return _is_field(field)
        case ["default", field, ["constant", found]]:
            return _is_field(field) and _is_constant(found)
    return _is_field(node)


def _is_constant(found: Any) -> bool:
    """Whether a value is a text, a boolean, a finite number, or a list of these."""
    if isinstance(found, list | tuple):
        return all(not isinstance(one, list | tuple) and _is_constant(one) for one in found)
    return isinstance(found, str) or (isinstance(found, int | float) and math.isfinite(found))


def _is_field(node: Any) -> bool:
    match node:
        case ["field", [*path]]:
            return bool(path) and all(isinstance(part, str) for part in path)
    return False
