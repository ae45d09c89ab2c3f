"""The compiled policy document as text from outside the package: read strictly, so that a policy is whole or refused.

A document says which form it has (``version``) and a hash of its content (``revision``), so one that was cut off, changed by hand
or compiled by another version of this code is refused. What is left is held to the types of ``Policy`` and to the bounds in their
annotations, which are the compiler's own. The standard library is enough for all of it.
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
"""The form of compiled documents. A change after which older code would misread a document needs the next number."""
BYTES_MAX = 350_000
"""The longest document, in bytes of UTF-8: an item of DynamoDB holds 400 KB."""

_AROUND = ("version", "revision")  # what is no content
_SIGNS = {*ORDERS, "==", "!=", "matches", "in"}


class BadPolicyDocument(ValueError):
    """A text that is no compiled policy document of this version. The message says what was found and what is wanted."""


def revision_of(content: Mapping[str, Any]) -> str:
    """The revision of a document's content: the same for the same rules, whatever the order of keys."""
    whole = {name: value for name, value in content.items() if name not in _AROUND}
    return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:12]


def document_text(document: Mapping[str, Any]) -> str:
    """The document as short text: the same for the same document."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def document_of(text: str | bytes) -> dict[str, Any]:
    """Read a document of at most ``BYTES_MAX`` bytes. Raises BadDocument."""
    size = len(text.encode() if isinstance(text, str) else text)
    if size > BYTES_MAX:
        raise BadPolicyDocument(f"found {size:,} bytes, wanted at most {BYTES_MAX:,}")
    try:
        found = json.loads(text if isinstance(text, str) else text.decode(), parse_constant=_no_constant, object_pairs_hook=_once)
        document_text(found).encode()  # it is stored as UTF-8, and JSON can escape half a character, which has none
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
    """The policy of a document that ``document_of`` read, with every value of the type that it must have. Raises BadDocument."""
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
    """An object that says no name twice: the revision would be that of the last one alone."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the name {next(name for name in names if names.count(name) > 1)!r} twice in one object")
    return found


def _broken_rules(rules: Sequence[Rule]) -> Any:
    """What is wrong with options and expressions, whose types the policy itself does not say."""
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
    """What no single value shows: names that are not unique, causes that no retry helps, a time zone that does not exist."""
    for noun, named in (("rule", policy.rules), ("block", policy.resubmissions), ("waiver", policy.waivers)):
        names = [one.name for one in named]
        yield from (f"two of the {noun}s named {short(name)}" for name in names if names.count(name) > 1)
    for block in policy.resubmissions:
        for cause, budget in block.causes.items():
            if cause.next is RetryChange.NEVER or budget.limit > (cause.tries_max or budget.limit):
                yield f"a limit of {budget.limit} for {cause} in {short(block.name)}, wanted at most {cause.tries_max or 0}"
    from zoneinfo import ZoneInfo  # here: it reads the zones' folder, and only a policy from outside the package needs it

    ZoneInfo(policy.slack.digest.timezone)  # raises KeyError, ValueError, and OSError for a folder of zones


# ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_condition(node: Any) -> bool:
    """Whether ``controller.policy.when`` can evaluate a node as a condition."""
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
    """A text, a truth value, a finite number, or a list of them."""
    if isinstance(found, list | tuple):
        return all(not isinstance(one, list | tuple) and _is_constant(one) for one in found)
    return isinstance(found, str) or (isinstance(found, int | float) and math.isfinite(found))


def _is_field(node: Any) -> bool:
    match node:
        case ["field", [*path]]:
            return bool(path) and all(isinstance(part, str) for part in path)
    return False
