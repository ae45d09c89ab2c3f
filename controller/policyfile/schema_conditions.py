"""Conditions over several keys of a policy file: what ``consistency`` checks, as far as JSON Schema can express it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from controller.policy.agreed_rate import Agreement
from controller.policy.mode import Mode
from controller.policy.policy import RuleAction
from controller.policy.resubmission import FallbackKind
from controller.policy.rules.max_wait_limit import MAX_WAIT_LIMIT
from controller.policy.rules.tags_required import TAGS_REQUIRED
from controller.policy.slack_settings import MEMBERS
from controller.policy.user_request import UserRequest
from controller.policyfile.consistency import NEEDS_PREFIX, NOT_REPAIRABLE, ROLL_OUT
from controller.policyfile.slack_section import READ
from controller.policyfile.usage_types import REGIONS, SPOT_PATTERN, code_pattern

Schema = dict[str, Any]


def of_kind(kind: str, options: Mapping[str, Any]) -> Schema:
    """Requires that a rule of this kind has the kind's options; ``options`` is their schema."""
    then: Schema = {"properties": {"options": options}}
    if options.get("required"):
        then["required"] = ["options"]
    if kind == MAX_WAIT_LIMIT.id:
        then = {"properties": {"options": {**options, "minProperties": 1}}, "required": ["options"]}
    return {"if": _where(rule=_is(kind)), "then": then}


def of_modes() -> list[Schema]:
    """The keys that a rule must or must not have with its own mode, and with a repair."""
    return [
        {"if": _where(mode=_is(Mode.ENFORCE)), "then": {"required": ["action"]}},
        {"if": _where(mode={"enum": [Mode.AUDIT.value, Mode.WARN.value]}), "then": _without("action", *ROLL_OUT)},
        {"if": {"required": ["repair"]}, "then": _where(action=_is(RuleAction.REPAIR))},
    ]


def of_defaults() -> list[Schema]:
    """The keys that a rule without a mode must or must not have with the default mode of the file."""
    enforces = {"anyOf": [{"required": ["mode"]}, {"required": ["action"]}]}
    other = {"if": {"not": {"required": ["mode"]}}, "then": _without("action", *ROLL_OUT)}
    return [
        {
            "if": _where(defaults=_where(mode=_is(Mode.ENFORCE))),
            "then": {"properties": {"rules": {"items": enforces}}},
            "else": {"properties": {"rules": {"items": other}}},
        }
    ]


def of_repairs() -> list[Schema]:
    """Which kinds of rule can be repaired, and which keys their repair needs."""

    def repairs(kinds: Iterable[str]) -> Schema:
        return _where(action=_is(RuleAction.REPAIR), rule={"enum": list(kinds)})

    return [
        {"if": _where(rule={"enum": list(NOT_REPAIRABLE)}), "then": {"properties": {"action": _is(RuleAction.STOP)}}},
        {"if": repairs(NEEDS_PREFIX), "then": _where(repair={"required": ["checkpoint"]})},
        {"if": repairs([TAGS_REQUIRED.id]), "then": _where(repair={"required": ["tags"]})},
    ]


def of_may() -> Schema:
    """The keys of ``slack.may``; ``members`` is allowed only for ``read``, because users who may act must be named."""
    named = {"not": {"anyOf": [_is(MEMBERS), {"contains": _is(MEMBERS)}]}}
    return {
        "propertyNames": {"enum": [*(str(request) for request in UserRequest), READ]},
        "allOf": [{"properties": {str(request): named for request in UserRequest}}],
    }


def of_blocks() -> list[Schema]:
    """A resubmit block with ``on_demand: false`` must not have the step on-demand."""
    none = {"properties": {"ladder": {"not": {"contains": _is(FallbackKind.ON_DEMAND)}}}}
    return [{"if": _where(on_demand={"const": False}), "then": none}]


def of_rates() -> list[Schema]:
    """A rate must have its instance type once, and a region; a Savings Plan never covers spot."""
    region_known = {"pattern": code_pattern(*REGIONS)}
    not_plan = {"properties": {"agreement": {"not": _is(Agreement.SAVINGS_PLAN)}}}
    codes: dict[str, list[str]] = {}
    for code, region in REGIONS.items():
        codes.setdefault(region, []).append(code)
    return [
        {"if": _where(usage_type={}), "then": _without("instance_type", "market")},
        {"if": {"not": _where(usage_type=region_known)}, "then": {"required": ["region"]}},
        {"if": _where(usage_type={"pattern": SPOT_PATTERN}), "then": not_plan},
        {"if": _where(market=_is("spot")), "then": not_plan},
        *(
            {"if": _where(usage_type={"pattern": code_pattern(*of)}), "then": {"properties": {"region": _is(region)}}}
            for region, of in codes.items()
        ),
    ]


def _is(word: str) -> Schema:
    return {"const": str(word)}


def _where(**values: Schema) -> Schema:
    """Maps that have all these keys, with values that match these schemas."""
    return {"properties": values, "required": list(values)}


def _without(*keys: str) -> Schema:
    return {"properties": dict.fromkeys(keys, False)}
