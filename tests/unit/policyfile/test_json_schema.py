"""The JSON Schema and the models agree, so that an editor underlines what the compiler refuses."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator, ValidationError, validators
from pydantic import BaseModel

from controller.cli import main
from controller.policyfile import validate_folder
from controller.policyfile.descriptions import DESCRIPTIONS
from controller.policyfile.folder import folder_files
from controller.policyfile.json_schema import LEFT_TO_VALIDATE, policy_schema, schema_text
from controller.policyfile.rule_options import OPTIONS
from controller.policyfile.schema import File, OtherSubnets, OtherTypes
from controller.policyfile.yaml_nodes import read_yaml
from tests.examples import examples
from tests.properties.near_policies import near_policies, small_policies
from tests.properties.test_policy_files import SHAPES, TREES, places, replaced, validated
from tests.properties.test_typos import WORDS, all_typos, files
from tests.unit.policyfile.test_documentation import EXAMPLES, models_in

ROOT = Path(__file__).resolve().parents[3]
PUBLISHED = ROOT / "docs" / "policy.schema.json"
SCHEMA = json.loads(PUBLISHED.read_text("utf-8"))
G5 = "ml.g5.xlarge"


def rule(more: str = "", kind: str = "spot-required") -> str:
    return f"version: 1\nrules: [{{name: a, rule: {kind}{more}}}]\n"


def block(ladder: str = "same", causes: str = "{starved: {limit: 1}}") -> str:
    return f"version: 1\nresubmit: [{{name: a, causes: {causes}, ladder: [{ladder}]}}]\n"


def waiver(rules: str = "a", expires: str = "2026-12-10") -> str:
    said = f"name: w, rule: {rules}, match: all, reason: x, owner: a, ticket: t, expires: {expires}"
    return f"{rule()}waivers: [{{{said}}}]\n"


def rates(*until: str, of: str = G5, usd: str = "1") -> str:
    said = f"usage_type: 'USE1-Train:{of}', usd_per_hour: {usd}, agreement: savings-plan, from: 2026-07-01"
    return f"version: 1\nrates: [{', '.join(f'{{{said}, until: {day}}}' for day in until or ('2026-08-01',))}]\n"


LEFT: dict[str, tuple[str, list[str]]] = {  # an entry of LEFT_TO_VALIDATE → the beginning of its problem, and files that have it
    "a whole number that is written as 1.0": (
        r"[0-9]+\.0$", ["version: 1.0\nslack: {}", "version: 1\nbrakes: {stops_per_hour: 5.0}"],
    ),
    "a name that another entry has": (
        "the name '.*' a second time", ["version: 1\nrules: [{name: a, rule: spot-required}, {name: a, rule: checkpoint-alive}]"],
    ),
    "a waiver of a rule that the folder does not have": ("the unknown rule", [waiver("b")]),
    "a day that no calendar has": (
        "'?[0-9]{4}-[0-9]{2}-[0-9]{2}'?$",
        [waiver(expires="2026-11-31"), rule(", mode: enforce, action: stop, enforce_from: 2026-02-30")],
    ),
    "a rate that ends before it begins, or of a day that another rate is for": (
        "(a second rate of|[0-9-]+, before)", [rates("2026-06-01"), rates("2026-08-01", "2026-09-01")],
    ),
    "a waiver that ends too late": ("'?2031-01-01", [waiver(expires="2031-01-01")]),
    "a time zone that does not exist": ("'[A-Za-z0-9/]+'$", ["version: 1\nslack: {digest: {timezone: Europe/Berlinn}}"]),
    "the order of the steps of a ladder, and what two of its steps have in common": (
        "(same|equivalents|instance_types|subnets|on-demand) after |.* a second time$",
        [
            block("equivalents, same"), block("on-demand, equivalents"),
            block(f"{{instance_types: {G5}}}, {{instance_types: [{G5}]}}"),
        ],
    ),
    "what is written in when": ("", [rule(", when: has(Nope)"), rule(", when: VolumeSize")]),
    "a FailureReason of another cause": (
        ".*, a reason of cause", [block(causes="{client: {limit: 1, reasons: 'AlgorithmError: x'}}")],
    ),
    "a longest wait that is shorter than the first": (
        r"most \(", [block(causes="{starved: {limit: 1, backoff: {first: 2h, most: 1h}}}")],
    ),
    "a required tag for which the repair has no value": (
        "no value for",
        [rule(", options: {tags: b}, mode: enforce, action: repair, repair: {tags: {c: d}}", kind="tags-required")],
    ),
    "an instance type within a usage type that SageMaker does not have": ("'.*ml.nope.xlarge'", [rates(of="ml.nope.xlarge")]),
    "dollars with more than six digits after the point": (r"[0-9]*\.[0-9]{7,}", [rates(usd="1.12345678")]),
}  # fmt: skip


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\$(?=[|)]|$)", r"\\Z", pattern))


def whole_pattern(validator: Any, pattern: str, found: object, schema: object) -> Iterator[ValidationError]:
    """A pattern as editors read it: there ``$`` is only the end of the text; in Python it is also before a final line break."""
    del validator, schema
    if isinstance(found, str) and compiled(pattern).search(found) is None:
        yield ValidationError(f"{found!r} does not match {pattern!r}")


def validator_of(draft: Any) -> Any:
    return validators.extend(draft, {"pattern": whole_pattern})(SCHEMA)


VALIDATOR = validator_of(Draft202012Validator)
OLDER = validator_of(Draft7Validator)  # many editors read every schema as draft-07
NIGHTLY = settings.get_current_profile_name() == "nightly"


def as_json(found: Any) -> Any:
    """The values as an editor reads them, where a date is text."""
    match found:
        case dict():
            return {key: as_json(value) for key, value in found.items()}
        case list():
            return [as_json(value) for value in found]
        case date():
            return found.isoformat()
        case _:
            return found


def underlined(text: str) -> list[str]:
    """What an editor underlines: for each error of the schema, the value at its path, or the key in it."""
    tree = read_yaml("a.yaml", text)
    found: list[str] = []
    waiting = list(VALIDATOR.iter_errors(as_json(tree.data)))
    while waiting:
        error = waiting.pop()
        waiting += error.context or []
        path = tuple(error.absolute_path)
        unknown = (
            re.findall(r"'([^']+)' (?:was|were) unexpected", error.message) if error.validator == "additionalProperties" else []
        )
        for key in unknown or [None]:
            place = tree.place((*path, key), key=True) if key else tree.place(path)
            found.append(tree.source(place.line)[place.column - 1 :][: place.length])
    return found


def test_the_published_schema_is_that_of_the_models() -> None:
    assert PUBLISHED.read_text("utf-8") == schema_text(), "run: spotwarden schema --output docs/policy.schema.json"


def test_the_schema_is_one_of_the_dialect_that_it_names() -> None:
    Draft202012Validator.check_schema(policy_schema())


def test_each_shipped_file_names_the_schema_in_its_first_line() -> None:
    folders = [ROOT / "policies", ROOT / "infra" / "local" / "demo" / "policies", *(ROOT / "docs" / "recipes").iterdir()]
    for path in (path for folder in folders for path in folder_files(folder).policies):
        modeline = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text("utf-8"))
        assert modeline, path
        assert (path.parent / modeline[1]).resolve() == PUBLISHED


def test_each_key_has_a_sentence_and_no_sentence_is_left_over() -> None:
    models: dict[str, type[BaseModel]] = {}

    def collect(model: type[BaseModel]) -> None:
        models[model.__name__] = model
        for field in model.model_fields.values():
            for inner in models_in(field.annotation):
                collect(inner)

    for model in (File, OtherTypes, OtherSubnets):
        collect(model)
    keys = {name: {f.alias or n for n, f in model.model_fields.items()} for name, model in (models | OPTIONS).items()}
    assert {name: set(said) for name, said in DESCRIPTIONS.items()} == keys
    assert all(sentence.endswith(".") for said in DESCRIPTIONS.values() for sentence in said.values())


@pytest.mark.parametrize("text", [*files().values(), *EXAMPLES])
def test_a_good_file_has_nothing_underlined(text: str) -> None:
    assert underlined(text if "version:" in text else f"version: 1\n{text}") == []


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("version: 1\nrules:\n  - {name: a, rule: spot-requird}\n", "spot-requird"),
        ("version: 1\nrules:\n  - {name: a, rule: spot-required, sevrity: high}\n", "sevrity"),
        ("version: 1\nrules:\n  - {name: a, rule: spot-required, options: {at_most: 1h}}\n", "at_most"),
        ("version: 1\nrules:\n  - {name: a, rule: max-runtime-limit, options: {at_most: 60}}\n", "60"),
        ("version: 1\nrules:\n  - {name: a, rule: spot-required, match: {team: vision}}\n", "team"),
        ("version: 1\nresubmit:\n  - {name: a, causes: {internal: {limit: 3}}}\n", "3"),
        ("version: 1\nresubmit:\n  - {name: a, causes: {starved: {limit: 1}}, ladder: [sane]}\n", "sane"),
        ("version: 1\nslack: {digest: {weekly_on: mondy}}\n", "mondy"),
        ("version: 1\nslack: {may: {stop: ['@alice']}}\n", "'@alice'"),
        ("version: 2\nslack: {}\n", "2"),
        ("version: 1\nrules:\n  - {name: a, rule: spot-required, share: 0%}\n", "0%"),
        ("version: 1\nrules:\n  - {name: a, rule: spot-required, share: 101%}\n", "101%"),
        ("version: 1\nwaivers:\n  - {name: a, rule: b, expires: '2026-12-01T10:00:00'}\n", "'2026-12-01T10:00:00'"),
    ],
)
def test_an_editor_underlines_what_the_compiler_refuses(text: str, marked: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    problems = validate_folder(tmp_path).errors
    assert marked in {one.source[one.column - 1 :][: one.length] for one in problems}
    assert marked in underlined(text)


@pytest.mark.slow
def test_an_editor_underlines_each_one_letter_typo_too() -> None:
    texts = files()
    typos = [typo for typo in all_typos() if typo.typo not in WORDS]
    for typo in typos if NIGHTLY else random.Random(13).sample(typos, 60):  # noqa: S311 - repeatable, not secret
        text = texts[typo.file]
        changed = text[: typo.start] + typo.typo + text[typo.start + len(typo.word) :]
        assert not VALIDATOR.is_valid(as_json(yaml.safe_load(changed))), typo


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=examples(40))
def test_the_schema_accepts_what_the_models_accept(data: st.DataObject) -> None:
    tree: Any = data.draw(st.sampled_from(TREES))
    changed = replaced(tree, data.draw(st.sampled_from(places(tree))), data.draw(SHAPES))
    text = yaml.safe_dump(changed, allow_unicode=True)
    if not validated(text.encode("utf-8", "surrogatepass")).errors:
        assert [error.message for error in VALIDATOR.iter_errors(as_json(read_yaml("a.yaml", text).data))] == []


def test_what_only_validate_finds_is_listed_and_an_editor_does_not_underline_it(tmp_path: Path) -> None:
    assert set(LEFT) == set(LEFT_TO_VALIDATE)
    for said, (beginning, texts) in LEFT.items():
        assert said in SCHEMA["description"]
        for text in texts:
            (tmp_path / "a.yaml").write_text(text)
            errors = validate_folder(tmp_path, now=datetime(2026, 12, 1, tzinfo=UTC)).errors
            assert [one for one in errors if re.match(beginning, one.found)], (said, text, errors)
            assert underlined(text) == [], said


@pytest.mark.slow
def test_an_editor_underlines_everything_else_that_validate_refuses_and_nothing_that_it_accepts(tmp_path: Path) -> None:
    left = re.compile("|".join(f"({beginning})" for beginning, _ in LEFT.values() if beginning))
    for found in near_policies(5_000 if NIGHTLY else 150, seed=13):
        (tmp_path / "a.yaml").write_text(json.dumps(found))
        errors = validate_folder(tmp_path).errors
        underlines = list(VALIDATOR.iter_errors(found))
        assert not errors or underlines or all(left.match(one.found) or one.code == "bad-expression" for one in errors), (
            found,
            errors,
        )
        assert errors or not underlines, (found, underlines)
        assert bool(underlines) is not OLDER.is_valid(found), found


def test_the_schema_has_no_keyword_with_another_meaning_in_an_older_draft() -> None:
    Draft7Validator.check_schema(policy_schema())
    newer = {
        "prefixItems", "minContains", "maxContains", "unevaluatedItems", "unevaluatedProperties", "dependentRequired",
        "dependentSchemas", "$anchor", "$dynamicRef",
    }  # fmt: skip
    assert newer.isdisjoint(keywords(policy_schema()))
    for found in small_policies():
        assert [one.message for one in OLDER.iter_errors(found)] == []


def keywords(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from keywords(inner)


def test_schema_prints_it_and_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == schema_text()
    assert main(["schema", "--output", str(tmp_path / "a.json")]) == 0
    assert (tmp_path / "a.json").read_text("utf-8") == schema_text()
