"""A placeholder from an example or a template in a policy has a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.policyfile.writing import NOW, RULES, told

WAIVED = "rules: [{name: a, rule: spot-required}]\nwaivers: [{name: w, rule: a, match: {role: r}, expires: 2026-12-10, "


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        (f"{WAIVED}reason: TODO, owner: alice, ticket: ML-1}}]", "TODO"),
        (f"{WAIVED}reason: '<why>', owner: alice, ticket: ML-1}}]", "'<why>'"),
        (f"{WAIVED}reason: moves, owner: your-name, ticket: ML-1}}]", "your-name"),
        (f"{WAIVED}reason: moves, owner: alice, ticket: ML-XXX}}]", "ML-XXX"),
        ("defaults: {channel: '#your-channel'}", "'#your-channel'"),
        ("defaults: {channel: '#channel'}", "'#channel'"),
        ("defaults: {channel: ml-spot}", "ml-spot"),
        ("defaults: {channel: C0123456789}", "C0123456789"),
        ("slack: {channels: {vision: '#todo'}}", "'#todo'"),
        ("slack: {channels: {your-team: '#ml-vision'}}", "your-team"),
        ("slack: {people: {alice: U0123ABCD}}", "U0123ABCD"),
        ("slack: {may: {stop: [U12345678]}}", "U12345678"),
        ("labels: {team: <team-tag>}", "<team-tag>"),
        ("rules: [{name: a, rule: tags-required, options: {tags: [my-tag]}}]", "my-tag"),
        ("rules: [{name: a, rule: spot-required, match: {tags: {team: CHANGEME}}}]", "CHANGEME"),
        ("rules: [{name: a, rule: spot-required, match: {tags: {example: x}}}]", "example"),
        ("rules: [{name: a, rule: spot-required, match: {account: '123456789012'}}]", "'123456789012'"),
        ("rules: [{name: a, rule: checkpoint-required, options: {under: s3://your-bucket/}}]", "s3://your-bucket/"),
    ],
)
def test_what_looks_like_a_placeholder_is_named(tmp_path: Path, line: str, marked: str) -> None:
    rest = "" if line.startswith(("rules", "slack", "labels")) else "rules: [{name: a, rule: spot-required}]\n"
    assert told(tmp_path, f"version: 1\n{rest}{line}\n") == [("placeholder", marked)]


@pytest.mark.parametrize(
    "line",
    [
        f"{WAIVED}reason: my team moves some of its jobs, owner: alice, ticket: ML-1}}]",
        "defaults: {channel: '#ml-spot'}", "slack: {channels: {vision: '#ml-vision-todos'}}",
        "slack: {people: {alice: U7Q2K9LMN}}",
        "slack: {channels: {vision: C7Q2K9LMN}}", "labels: {team: cost-center}",
    ],
)  # fmt: skip
def test_a_real_value_is_no_placeholder(tmp_path: Path, line: str) -> None:
    rest = "" if line.startswith(("rules", "slack", "labels")) else "rules: [{name: a, rule: spot-required}]\n"
    assert told(tmp_path, f"version: 1\n{rest}{line}\n") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RULES + "  - {name: a, rule: spot-required, match: {tags: {team: TEAM_NAME}}}", ("placeholder", "TEAM_NAME")),
        (RULES + "  - {name: a, rule: spot-required, match: {tags: {team: GPU}}}", None),
        (RULES + "  - {name: a, rule: checkpoint-required, options: {under: ['s3://amzn-s3-demo-bucket/']}}",
         ("placeholder", "'s3://amzn-s3-demo-bucket/'")),
        (RULES + "  - {name: a, rule: spot-required, docs: 'https://wiki.example.com/spot'}",
         ("placeholder", "'https://wiki.example.com/spot'")),
        ("defaults: {channel: '#ML-Spot'}\n" + RULES + "  - {name: a, rule: spot-required}", ("placeholder", "'#ML-Spot'")),
    ],
)  # fmt: skip
def test_a_word_that_an_example_left_is_named_and_one_of_the_same_form_is_not(
    tmp_path: Path, text: str, expected: tuple[str, str] | None
) -> None:
    assert told(tmp_path, f"{text}\n", now=NOW) == ([expected] if expected else [])
