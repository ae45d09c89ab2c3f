"""Makes docs/policy-reference.md: a table for each section of a policy file, from the JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.policyfile.json_schema import policy_schema
from controller.policyfile.rule_options import OPTIONS

WORDS_MAX = 12
HEAD = """\
# Reference of all keys

Generated from the models that validate policy files: `spotwarden schema --format markdown`. [Policy files](policies.md) explains
them with examples, and [policy.schema.json](policy.schema.json) is the same for editors. An editor with the YAML language server
completes and underlines a file that begins with

    # yaml-language-server: $schema=policy.schema.json

after `spotwarden schema --output policy.schema.json`.
"""
SECTIONS: Mapping[str, str] = {
    "File": "The file", "Defaults": "defaults", "RuleEntry": "rules[]", "Match": "match", "RepairEntry": "rules[].repair",
    "SurpriseEntry": "rules[].surprise",
    "Block": "resubmit[]", "Causes": "resubmit[].causes",
    "BudgetEntry": "the causes starved, never-launched, capacity, quota, throttled and overran",
    "InternalBudget": "the cause internal", "NamedBudget": "the causes algorithm and client", "MemoryBudget": "the cause memory",
    "DiskBudget": "the cause disk", "Backoff": "backoff of a cause", "Interruptions": "resubmit[].interruptions",
    "OtherTypes": "a step of resubmit[].ladder: instance_types", "OtherSubnets": "a step of resubmit[].ladder: subnets",
    "DeadlineEntry": "resubmit[].deadline", "Cap": "resubmit[].cap", "RateLimitsEntry": "`brakes`",
    "WaiverEntry": "waivers[]", "SlackEntry": "slack",
    "DigestEntry": "slack.digest", "LabelsEntry": "labels", "CheckpointsEntry": "checkpoints", "RateEntry": "rates[]",
}  # fmt: skip


def reference_page() -> str:
    """The reference as Markdown."""
    schema = policy_schema()
    definitions: dict[str, Any] = {"File": schema, **schema["$defs"]}
    tables = [_table(heading, definitions[name]) for name, heading in SECTIONS.items()]
    by_kind = {
        branch["if"]["properties"]["rule"]["const"]: branch["then"]
        for branch in definitions["RuleEntry"]["allOf"][: len(OPTIONS)]
    }
    tables += [_table(f"options of {kind}", by_kind[kind]["properties"]["options"]) for kind in OPTIONS]
    return "\n".join((HEAD, *tables))


def _table(heading: str, definition: Mapping[str, Any]) -> str:
    maps = (definition, *definition.get("anyOf", ()))
    keys: Mapping[str, Any] = next((one["properties"] for one in maps if one.get("properties")), {})
    if not keys:
        return f"## {heading}\n\nIt has no keys.\n"
    required = definition.get("required", ())
    rows = ["| key | takes | default | meaning |", "|---|---|---|---|"]
    for key, value in keys.items():
        default = "required" if key in required else f"`{_plain(value['default'])}`" if "default" in value else "–"
        rows.append(f"| `{key}` | {_takes(value)} | {default} | {value.get('description', '').replace('|', chr(92) + '|')} |")
    return f"## {heading}\n\n" + "\n".join(rows) + "\n"


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _takes(value: Mapping[str, Any]) -> str:
    """The values that a key takes, in a few words."""
    if "anyOf" in value:
        one, *others = value["anyOf"]
        if others and others[0].get("items") == one:
            return f"{_takes(one)}, or a list"
        return " or ".join(dict.fromkeys(_takes(one) for one in value["anyOf"]))
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return {"Match": "`all` or a map", "OtherTypes": "`{instance_types: […]}`", "OtherSubnets": "`{subnets: […]}`"}.get(
            name, "a map"
        )
    if "const" in value:
        return f"`{_plain(value['const'])}`"
    if "enum" in value:
        words = value["enum"]
        return (
            " or ".join(f"`{word}`" for word in words)
            if len(words) <= WORDS_MAX
            else f"one of {len(words)} names, such as `{words[0]}`"
        )
    if "patternErrorMessage" in value:
        return str(value["patternErrorMessage"])
    match value.get("type"):
        case "boolean":
            return "`true` or `false`"
        case "integer" | "number":
            return " ".join(("a whole number" if value["type"] == "integer" else "a number", *_limits(value)))
        case "array":
            return f"a list of: {_takes(value['items'])}" if value.get("items") else "a list"
        case "object":
            inner = value.get("additionalProperties")
            return f"a map of: {_takes(inner)}" if isinstance(inner, Mapping) else "a map"
        case _:
            return "text"


def _limits(value: Mapping[str, Any]) -> Iterator[str]:
    if "exclusiveMinimum" in value:
        yield f"above {value['exclusiveMinimum']:g}"
    if "minimum" in value:
        yield f"from {value['minimum']:g}"
    if "maximum" in value:
        yield f"to {value['maximum']:,g}" if value["maximum"] < 1_000_000 else f"to {value['maximum']:,}"
