"""The JSON Schema of a policy file, for editors: generated from the models that the compiler validates with.

What depends on several keys at once is said where JSON Schema can say it; the compiler knows more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, cast

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from controller.policy.rules import RULE_KINDS
from controller.policy.rules.max_wait_limit import MAX_WAIT_LIMIT
from controller.policyfile.consistency import ENOUGH_ALONE, ROLL_OUT, SECTIONS
from controller.policyfile.descriptions import DESCRIPTIONS
from controller.policyfile.options import OPTIONS
from controller.policyfile.schema import ALL, STEP_WORDS, File, OtherSubnets, OtherTypes
from controller.policyfile.vocabulary import WRITTEN, listed, written_duration

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SOME = ("Match", "Causes", "Cap", "RateLimitsEntry", "SurpriseEntry")  # maps of which at least one key is given


def policy_schema() -> dict[str, Any]:
    """The schema of a policy file."""
    schema = File.model_json_schema(schema_generator=_Generator)
    kinds: dict[str, Any] = {}
    for kind, model in OPTIONS.items():
        kinds[kind] = model.model_json_schema(schema_generator=_Generator)
        kinds[kind].pop("$defs", None)
        for name, default in _defaults(kind).items():
            kinds[kind]["properties"][name]["default"] = default
    definitions = schema.pop("$defs")
    definitions["Block"]["properties"]["ladder"]["items"] = {
        "anyOf": [{"enum": list(STEP_WORDS)}, {"$ref": "#/$defs/OtherTypes"}, {"$ref": "#/$defs/OtherSubnets"}]
    }
    definitions |= {model.__name__: model.model_json_schema(schema_generator=_Generator) for model in (OtherTypes, OtherSubnets)}
    for name in SOME:
        definitions[name]["minProperties"] = 1
    definitions["Match"] = {"anyOf": [{"const": ALL}, definitions["Match"]]}
    definitions["RuleEntry"]["allOf"] = [*(_of_kind(kind, options) for kind, options in kinds.items()), *_of_modes()]
    definitions["RateEntry"] |= {
        "oneOf": [{"required": ["usage_type"]}, {"required": ["instance_type", "region"]}],
    }
    for name, definition in {"File": schema, **definitions}.items():
        _describe(name, definition)
    for kind, options in kinds.items():
        _describe(kind, options)
    schema["anyOf"] = [{"required": [section]} for section in (*SECTIONS, *ENOUGH_ALONE)]
    return {"$schema": DIALECT, "title": "Policy file of Spotwarden", **schema, "$defs": dict(sorted(definitions.items()))}


def schema_text() -> str:
    """The schema as it is kept beside the documentation."""
    return json.dumps(policy_schema(), indent=1, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Writes what people write: a duration is text, one value is as good as a list of one, and no value is null."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        function: Any = schema["function"]["function"]
        if function in WRITTEN:
            return dict(WRITTEN[function])
        inner = super().function_before_schema(schema)
        return {"anyOf": [inner["items"], inner]} if function is listed else inner

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        function: Any = schema["function"]["function"]
        return {**super().function_after_schema(schema), **WRITTEN.get(function, {})}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """A map whose keys follow a pattern has no other keys."""
        found = super().dict_schema(schema)
        return {**found, "additionalProperties": False} if "patternProperties" in found else found

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        default = found.pop("default", None)
        if isinstance(default, bool | str | float) or (isinstance(default, int) and found.get("type") in ("integer", "number")):
            return {**found, "default": default}
        return {**found, "default": written_duration(default)} if isinstance(default, int) else found

    def get_title_from_name(self, name: str) -> str:
        return name

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema  # the key is title enough
        return False


def _defaults(kind: str) -> dict[str, Any]:
    """The defaults of a kind's options, which are with the rule itself, as people write them."""
    given = {
        field.name: field.default
        for field in fields(cast(Any, RULE_KINDS[kind].options))
        if field.default not in (None, (), MISSING)
    }
    return {name.removesuffix("_s"): written_duration(v) if name.endswith("_s") else v for name, v in given.items()}


def _of_kind(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    then: dict[str, Any] = {"properties": {"options": options}}
    if options.get("required"):
        then["required"] = ["options"]
    if kind == MAX_WAIT_LIMIT.id:
        then = {"properties": {"options": {**options, "minProperties": 1}}, "required": ["options"]}
    return {"if": {"properties": {"rule": {"const": kind}}, "required": ["rule"]}, "then": then}


def _of_modes() -> list[dict[str, Any]]:
    """Which keys go with a mode that the rule itself names; without one, the mode is that of the file."""
    enforces = {"properties": {"mode": {"const": "enforce"}}, "required": ["mode"]}
    other = {"properties": {"mode": {"enum": ["audit", "warn"]}}, "required": ["mode"]}
    repairs = {"properties": {"action": {"const": "repair"}}, "required": ["action"]}
    return [
        {"if": enforces, "then": {"required": ["action"]}},
        {"if": other, "then": {"properties": dict.fromkeys(("action", *ROLL_OUT), False)}},
        {"if": {"required": ["repair"]}, "then": repairs},
    ]


def _describe(name: str, definition: dict[str, Any]) -> None:
    """Give each key of a map its sentence."""
    definition.pop("title", None)
    definition.pop("description", None)  # the docstring of a model is about the code
    for inner in definition.get("anyOf", ()):
        if inner.get("properties"):
            _describe(name, inner)
    for key, value in definition.get("properties", {}).items():
        if (sentence := DESCRIPTIONS.get(name, {}).get(key)) is not None:
            value["description"] = sentence
