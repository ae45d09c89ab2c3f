"""A waiver without effect has a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.policyfile import validate_folder
from tests.unit.policyfile.writing import NOW, told

WAIVER = "reason: moves in May, owner: alice, ticket: ML-1, expires: 2026-12-05}"
WITH_WAIVERS = """version: 1
rules: [{name: a, rule: spot-required, match: {tags: {team: vision}}}]
waivers:
"""
OF_X = f"{WITH_WAIVERS}  - {{name: w, rule: a, match: {{role: x}}, {WAIVER}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{WITH_WAIVERS}  - {{name: w, rule: a, match: {{tags: {{team: speech}}}}, {WAIVER}", ("does-nothing", "match")),
        (f"{WITH_WAIVERS}  - {{name: w, rule: a, match: {{tags: {{team: 'v*'}}}}, {WAIVER}", ("waiver-of-every-job", "match")),
        (f"{WITH_WAIVERS}  - {{name: w, rule: a, match: {{tags: {{team: vision}}, role: x}}, {WAIVER}", None),
        (f"{WITH_WAIVERS}  - {{name: w, rule: a, match: all, {WAIVER}", ("waiver-of-every-job", "all")),
        (f"{WITH_WAIVERS}  - {{name: w, rule: a, match: {{name: '*'}}, {WAIVER}", ("waiver-of-every-job", "match")),
        (f"{WITH_WAIVERS}  - {{name: w, rule: a, match: {{role: '*', region: '*'}}, {WAIVER}", ("waiver-of-every-job", "match")),
        (f"{WITH_WAIVERS}  - {{name: w, rule: a, match: {{instance_type: '*'}}, {WAIVER}", None),
        (f"{WITH_WAIVERS}  - {{name: w, rule: a, match: {{tags: {{team: 's*'}}}}, {WAIVER}", ("does-nothing", "match")),
        (f"{WITH_WAIVERS}  - {{name: w, rule: a, match: {{name: my_job}}, {WAIVER}", ("matches-no-job", "my_job")),
        (f"{WITH_WAIVERS}  - {{name: w, rule: a, match: {{role: 'x|y'}}, {WAIVER}", ("matches-no-job", "'x|y'")),
        (f"{OF_X}\n  - {{name: v, rule: a, match: {{role: x}}, {WAIVER}",
         ("shadowed", "v")),
        (f"{OF_X}\n  - {{name: v, rule: a, match: {{role: y}}, {WAIVER}",
         None),
    ],
)  # fmt: skip
def test_a_waiver_that_changes_nothing_is_named(tmp_path: Path, text: str, expected: tuple[str, str] | None) -> None:
    assert told(tmp_path, f"{text}\n", now=NOW) == ([expected] if expected else [])


def test_two_rules_have_no_effect_and_one_has_none(tmp_path: Path) -> None:
    rules = WITH_WAIVERS.replace("}}}]", "}}}, {name: b, rule: spot-required, options: {runtime_over: 9h}}]")
    (tmp_path / "a.yaml").write_text(f"{rules}  - {{name: w, rule: [a, b], match: all, {WAIVER}\n", "utf-8")
    told_of = [one.found for one in validate_folder(tmp_path, now=NOW).warnings if one.code == "waiver-of-every-job"]
    assert told_of == ["a waiver of every job: until it ends, a, b have no effect"]
