"""The JSON Schema of a policy file, for editors: generated from the models with which the compiler validates.

``schema_conditions`` adds what depends on several keys, as far as JSON Schema can express it. ``LEFT_TO_VALIDATE`` lists what
only ``spotwarden validate`` finds. Many editors read draft-07, so only keywords are used that have the same meaning there.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any, cast

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from controller.policy.rules.rule_kinds import RULE_KINDS
from controller.policyfile.consistency import ENOUGH_ALONE, SECTIONS
from controller.policyfile.descriptions import DESCRIPTIONS
from controller.policyfile.rule_options import OPTIONS
from controller.policyfile.schema import ALL, STEP_WORDS, File, OtherSubnets, OtherTypes
from controller.policyfile.schema_conditions import of_blocks, of_defaults, of_kind, of_may, of_modes, of_rates, of_repairs
from controller.policyfile.vocabulary import WRITTEN, listed, written_duration

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SOME = (  # maps that must have at least one key
    "Match", "Causes", "Cap", "CheckpointsEntry", "RateLimitsEntry", "SurpriseEntry",
)  # fmt: skip
LEFT_TO_VALIDATE = (
    "a whole number that is written as 1.0",
    "a name that another entry has",
    "a waiver of a rule that the folder does not have",
    "a day that no calendar has",
    "a rate that ends before it begins, or of a day that another rate is for",
    "a waiver that ends too late",
    "a time zone that does not exist",
    "the order of the steps of a ladder, and what two of its steps have in common",
    "what is written in when",
    "a FailureReason of another cause",
    "a longest wait that is shorter than the first",
    "a required tag for which the repair has no value",
    "an instance type within a usage type that SageMaker does not have",
    "dollars with more than six digits after the point",
)
"""What ``spotwarden validate`` refuses and the schema does not; a test checks that there is nothing else."""


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
    definitions["RuleEntry"]["allOf"] = [
        *(of_kind(kind, options) for kind, options in kinds.items()), *of_modes(), *of_repairs(),
    ]  # fmt: skip
    definitions["Block"]["properties"]["ladder"]["uniqueItems"] = True
    definitions["SlackEntry"]["properties"]["may"] |= of_may()
    definitions["Block"]["allOf"] = of_blocks()
    definitions["RateEntry"] |= {"anyOf": [{"required": ["usage_type"]}, {"required": ["instance_type"]}], "allOf": of_rates()}
    for several in ("OtherTypes", "OtherSubnets"):
        for value in definitions[several]["properties"].values():
            value["anyOf"][1]["uniqueItems"] = True
    for name, definition in {"File": schema, **definitions}.items():
        _describe(name, definition)
    for kind, options in kinds.items():
        _describe(kind, options)
    schema["anyOf"] = [{"required": [section]} for section in (*SECTIONS, *ENOUGH_ALONE)]
    schema["allOf"] = of_defaults()
    said = {
        "title": "Policy file of Spotwarden",
        "description": f"spotwarden validate also finds: {'; '.join(LEFT_TO_VALIDATE)}.",
    }
    return {"$schema": DIALECT, **said, **schema, "$defs": dict(sorted(definitions.items()))}


def schema_text() -> str:
    """The text of docs/policy.schema.json."""
    return json.dumps(policy_schema(), indent=1, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Describes values as people write them: a duration is text, one value may stand for a list of one, and none is null."""

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
        """A map with a pattern for its keys allows no other keys."""
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
        del schema  # the key itself is enough
        return False


def _defaults(kind: str) -> dict[str, Any]:
    """The defaults of a rule kind's options, from the kind's own class, as people write them."""
    given = {
        field.name: field.default
        for field in fields(cast(Any, RULE_KINDS[kind].options))
        if field.default not in (None, (), MISSING)
    }
    return {name.removesuffix("_s"): written_duration(v) if name.endswith("_s") else v for name, v in given.items()}


def _describe(name: str, definition: dict[str, Any]) -> None:
    """Give each key of a map its sentence from DESCRIPTIONS."""
    definition.pop("title", None)
    definition.pop("description", None)  # a model's docstring is not for authors of policies
    for inner in definition.get("anyOf", ()):
        if inner.get("properties"):
            _describe(name, inner)
    for key, value in definition.get("properties", {}).items():
        if (sentence := DESCRIPTIONS.get(name, {}).get(key)) is not None:
            value["description"] = sentence
