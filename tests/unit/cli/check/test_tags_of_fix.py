"""A person who merges a fix into a request keeps the job's tags."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from controller.cli.check.fix_words import WAYS
from controller.cli.check.tags_of_fix import ONLY_ADDED, whole_fix
from controller.jobs.request import TAGS_MAX
from controller.policy.findings import Fix
from tests.builders import job
from tests.unit.cli.checking import ROLE, Check, request

POLICY = """
version: 1
rules:
  - name: who
    rule: tags-required
    mode: enforce
    action: repair
    options: {tags: [owner, cost-center]}
    repair: {tags: {owner: ml, cost-center: "7"}}
"""


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@pytest.mark.parametrize(
    ("own", "added", "whole"),
    [
        ({}, {"owner": "ml"}, {"owner": "ml"}),
        ({"team": "vision"}, {"owner": "ml"}, {"team": "vision", "owner": "ml"}),
        ({"z": "1", "owner": "", "a": "2"}, {"owner": "ml", "who": "x"}, {"z": "1", "owner": "ml", "a": "2", "who": "x"}),
        ({"aws:cloudformation:stack-name": "s", "AWS:x": "y", "team": "v"}, {"owner": "ml"}, {"team": "v", "owner": "ml"}),
        ({"spotwarden:lineage": "l", "spotwarden:deadline": "06:00"}, {"a": "b"}, {"spotwarden:deadline": "06:00", "a": "b"}),
        ({str(n): "x" for n in range(49)}, {"a": "b"}, {str(n): "x" for n in range(49)} | {"a": "b"}),
        ({str(n): "x" for n in range(50)}, {"7": "b"}, {str(n): "x" for n in range(50)} | {"7": "b"}),
    ],
)
def test_a_fix_has_the_whole_list_of_tags_after_it(own: dict[str, str], added: dict[str, str], whole: dict[str, str]) -> None:
    found = whole_fix(Fix(request={"Tags": listed(added)}), job("bert", tags=own))
    assert found.request["Tags"] == listed(whole)
    assert found.sdk["tags"] == listed(whole)


def test_a_job_without_room_for_a_tag_has_no_fix() -> None:
    full = job("bert", tags={str(n): "x" for n in range(TAGS_MAX)})
    found = whole_fix(Fix(request={"Tags": listed({"owner": "ml"})}), full)
    assert found.request == {}
    assert found.why_not == (
        "no request satisfies these rules: they want 1 more tag (owner), the job has 50, and SageMaker accepts at most 50"
    )


def test_a_fix_without_tags_stays_as_it_is() -> None:
    fix = Fix(request={"EnableManagedSpotTraining": True})
    assert whole_fix(fix, job("bert", tags={"team": "vision"})) is fix


def test_the_fix_for_every_tool_has_the_tags_of_the_job() -> None:
    fix = whole_fix(Fix(request={"Tags": listed({"owner": "ml"})}), job("bert", tags={"team": "our vision"}))
    texts = {name: write(fix.request) for name, (_, write) in WAYS.items()}
    assert all("our vision" in text and "owner" in text for text in texts.values()), texts
    assert texts["cli"].endswith("""--tags '[{"Key": "team", "Value": "our vision"}, {"Key": "owner", "Value": "ml"}]'""")


def test_terraform_does_not_read_a_tag_as_a_template() -> None:
    text = WAYS["terraform"][1]({"Tags": listed({"a": "${b}%{c}"})})
    assert text == 'tags = { "a" = "$${b}%%{c}" }'


@pytest.fixture
def who(tmp_path: Path) -> str:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "rules.yaml").write_text(POLICY)
    return str(folder)


def test_a_misspelt_list_of_tags_is_in_the_fix_once(said_of: Check, who: str) -> None:
    found = said_of(request() | {"tags": listed({"team": "vision"})}, "--policies", who).job
    assert found["fix"]["request"]["Tags"] == listed({"team": "vision", "owner": "ml", "cost-center": "7"})


def test_a_misspelt_list_of_tags_is_in_a_fix_for_which_no_rule_wants_a_tag(said_of: Check) -> None:
    found = said_of(request() | {"tags": listed({"team": "vision"})}).job
    assert found["fix"]["request"] == {"tags": None, "Tags": listed({"team": "vision"})}


def test_the_fix_for_a_description_with_given_tags_has_only_those_to_add(said_of: Check, who: str) -> None:
    described: dict[str, Any] = request() | {
        "TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/bert-1", "TrainingJobStatus": "Completed",
        "CreationTime": "2026-11-20T10:00:00+00:00", "RoleArn": ROLE,
    }  # fmt: skip
    found = said_of(described, "--policies", who, "--tags", "team=vision", "--tags", "owner=me").job
    assert found["fix"]["request"] == {"Tags": listed({"cost-center": "7"})}
    assert found["fix"]["tags"] == ONLY_ADDED
    assert found["findings"][0]["fix"] == found["fix"]
    assert json.loads(json.dumps(found))["fix"]["sdk"] == {"tags": listed({"cost-center": "7"})}


def test_a_request_with_more_given_tags_has_them_all(said_of: Check, who: str) -> None:
    found = said_of(request(Tags=listed({"team": "vision"})), "--policies", who, "--tags", "owner=me").job
    assert found["fix"]["request"]["Tags"] == listed({"team": "vision", "owner": "me", "cost-center": "7"})
    assert "tags" not in found["fix"]
