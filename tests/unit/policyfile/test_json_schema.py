"""The JSON Schema and the models say the same, so that an editor underlines what the compiler refuses."""

from __future__ import annotations

import json
import random
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from controller.cli import main
from controller.policyfile import validate_folder
from controller.policyfile.descriptions import DESCRIPTIONS
from controller.policyfile.folder import folder_files
from controller.policyfile.json_schema import policy_schema, schema_text
from controller.policyfile.options import OPTIONS
from controller.policyfile.schema import File, OtherSubnets, OtherTypes
from controller.policyfile.yaml_nodes import read_yaml
from tests.examples import examples
from tests.properties.test_policy_files import SHAPES, TREES, places, replaced, validated
from tests.properties.test_typos import WORDS, all_typos, files
from tests.unit.policyfile.test_documentation import EXAMPLES, models_in

ROOT = Path(__file__).resolve().parents[3]
PUBLISHED = ROOT / "docs" / "policy.schema.json"
VALIDATOR = Draft202012Validator(json.loads(PUBLISHED.read_text("utf-8")))
NIGHTLY = settings.get_current_profile_name() == "nightly"


def as_json(found: Any) -> Any:
    """The values as an editor reads them: a date is text there."""
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
    """What an editor underlines: the value at the path of each error of the schema, or the key that it names."""
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
    for path in folder_files(ROOT / "policies").policies:
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
    for typo in typos if NIGHTLY else random.Random(13).sample(typos, 150):  # noqa: S311
        text = texts[typo.file]
        changed = text[: typo.start] + typo.typo + text[typo.start + len(typo.word) :]
        assert not VALIDATOR.is_valid(as_json(yaml.safe_load(changed))), typo


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=examples(40))
def test_what_the_models_take_the_schema_takes(data: st.DataObject) -> None:
    tree: Any = data.draw(st.sampled_from(TREES))
    changed = replaced(tree, data.draw(st.sampled_from(places(tree))), data.draw(SHAPES))
    text = yaml.safe_dump(changed, allow_unicode=True)
    if not validated(text.encode("utf-8", "surrogatepass")).errors:
        assert [error.message for error in VALIDATOR.iter_errors(as_json(read_yaml("a.yaml", text).data))] == []


def test_schema_prints_it_and_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == schema_text()
    assert main(["schema", "--output", str(tmp_path / "a.json")]) == 0
    assert (tmp_path / "a.json").read_text("utf-8") == schema_text()
