"""For any content of a policy file, validation returns problems with a place, and never raises."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.policyfile import Validated, validate_folder
from controller.policyfile.folder import folder_files
from controller.policyfile.problem import WIDTH_MAX
from controller.policyfile.schema import File
from tests.examples import examples

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [path.read_text("utf-8") for path in folder_files(ROOT / "policies").policies]
TEXTS.append(re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "policies.md").read_text("utf-8"), re.DOTALL)[-1])
TREES: list[Any] = [yaml.safe_load(text) for text in TEXTS]

WORDS = st.sampled_from(
    [*File.model_fields, "all", "name", "rule", "match", "options", "tags", "spot-required", "1h", "same", "#x"]
)
SCALARS = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.dates() | st.text(max_size=20) | WORDS
KEYS = WORDS | st.text(max_size=8) | st.integers() | st.none()
SHAPES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8)
SIGNS = "[]{}&*!|>%@-:?#'\"\n\r\t ,a1~<\u2028\u202e"


def validated(data: bytes) -> Validated:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.yaml").write_bytes(data)
        found = validate_folder(folder)
    lines = data.decode("utf-8", "replace").count("\n") + data.decode("utf-8", "replace").count("\r") + 2
    for problem in (*found.errors, *found.warnings):
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.found
        assert problem.wanted
        assert all(line.isprintable() for line in problem.text.splitlines())
        assert all(len(line) <= 4 * WIDTH_MAX + 4 for line in problem.text.splitlines()[1:])
        if problem.source:
            assert problem.column <= len(problem.source) + 1
            assert problem.line <= lines + 10  # YAML also counts U+2028 as a line break
    assert bool(found.errors) != bool(found.document)
    return found


def places(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [at, *(place for key, value in inner for place in places(value, (*at, key)))]


def replaced(tree: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[at[0]] = replaced(tree[at[0]], at[1:], value)
    return copy


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=examples(40))
def test_a_policy_with_anything_at_any_place_is_valid_or_has_problems(data: st.DataObject) -> None:
    tree = data.draw(st.sampled_from(TREES))
    changed = replaced(tree, data.draw(st.sampled_from(places(tree))), data.draw(SHAPES))
    validated(yaml.safe_dump(changed, allow_unicode=True).encode("utf-8", "surrogatepass"))


@given(data=st.data())
@settings(max_examples=examples(40))
def test_a_policy_with_any_bytes_at_any_place_is_valid_or_has_problems(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS)).encode()
    at = data.draw(st.integers(0, len(text)))
    other = data.draw(st.binary(max_size=12) | st.text(st.sampled_from(SIGNS), max_size=12).map(str.encode))
    validated(text[:at] + other + text[at + data.draw(st.integers(0, 12)) :])
