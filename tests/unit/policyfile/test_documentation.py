"""docs/policies.md describes the keys that the compiler reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from controller.jobs.failure import FailureCause
from controller.policy.load_policy import load_policy
from controller.policy.resubmission import DeadlineSettings, FallbackKind
from controller.policyfile import compile_folder, validate_folder
from controller.policyfile.rule_options import OPTIONS
from controller.policyfile.schema import Backoff, Causes, DeadlineEntry, File, OtherSubnets, OtherTypes
from tests.builders import BEGIN

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "policies.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def words_of(model: type[BaseModel]) -> Iterator[str]:
    """Every key of a map and of the maps inside it."""
    for name, field in model.model_fields.items():
        yield field.alias or name
        for inner in models_in(field.annotation):
            yield from words_of(inner)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"example {number}" for number in range(1, len(EXAMPLES) + 1)])
def test_every_example_compiles(tmp_path: Path, example: str) -> None:
    (tmp_path / "a.yaml").write_text(example if "version:" in example else f"version: 1\n{example}", "utf-8")
    assert load_policy(compile_folder(tmp_path), BEGIN)


def test_every_key_is_explained() -> None:
    models: list[type[BaseModel]] = [File, OtherTypes, OtherSubnets, *OPTIONS.values()]
    words = {word for model in models for word in words_of(model)} | set(OPTIONS)
    assert {word for word in words if not re.search(rf"\b{re.escape(word)}\b", PAGE)} == set()


def test_the_complete_example_uses_every_setting(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(EXAMPLES[-1], "utf-8")
    policy = load_policy(compile_folder(tmp_path), BEGIN)
    assert validate_folder(tmp_path).warnings == ()
    (block,) = policy.resubmissions
    assert set(block.causes) == {FailureCause(field.alias or name) for name, field in Causes.model_fields.items()}
    assert {fallback_step.kind for fallback_step in block.ladder} == set(FallbackKind)
    assert None not in (block.interruption_limit, block.cap_micros, block.team_month_cap_micros)
    assert None not in (policy.rate_limits.stops_per_h, policy.rate_limits.submissions_per_h)
    assert block.deadline == DeadlineSettings(finish_within_s=86_400, back_to_spot=True, stay_s=3600, moves_max=4)


@pytest.mark.parametrize(("model", "above"), [(DeadlineEntry, ""), (Backoff, "backoff.")])
def test_the_defaults_on_the_page_are_those_of_the_code(model: type[BaseModel], above: str) -> None:
    rows = {name: re.search(rf"\| `{re.escape(above + name)}` \| `(\S+)`", PAGE) for name in model.model_fields}
    assert [name for name, row in rows.items() if row is None] == [n for n, f in model.model_fields.items() if f.default is None]
    for name, row in rows.items():
        if row is not None:
            assert getattr(model.model_validate({name: yaml.safe_load(row[1])}), name) == model.model_fields[name].default
