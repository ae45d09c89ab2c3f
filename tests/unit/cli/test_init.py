"""``spotwarden init`` writes files that are valid, tested and covered, and overwrites nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from controller.cli import COMMANDS, main
from controller.policyfile.json_schema import schema_text

WRITTEN = [
    ".github/workflows/spotwarden.yml", "policies/.policy.schema.json", "policies/starter.test.yaml", "policies/starter.yaml",
]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_it_writes_is_valid_without_a_warning_and_each_part_has_a_case(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init"]) == 0
    assert files_in(project) == WRITTEN
    assert "next: edit policies/starter.yaml" in capsys.readouterr().out
    assert main(["validate", "--strict", "policies"]) == 0
    assert main(["compile", "policies"]) == 0
    assert main(["test", "policies", "--coverage"]) == 0
    assert "coverage: 3 of 3" in capsys.readouterr().out


def test_the_three_most_common_rules_are_there_and_none_acts(project: Path) -> None:
    main(["init"])
    written = yaml.safe_load((project / "policies" / "starter.yaml").read_text("utf-8"))
    assert [rule["rule"] for rule in written["rules"]] == ["checkpoint-required", "spot-required"]
    assert set(written["resubmit"][0]["causes"]) == {"starved", "capacity"}
    assert {written["defaults"]["mode"], written["resubmit"][0]["mode"]} == {"warn"}


def test_editors_find_the_schema(project: Path) -> None:
    main(["init"])
    first = (project / "policies" / "starter.yaml").read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=.policy.schema.json"
    assert (project / "policies" / ".policy.schema.json").read_text("utf-8") == schema_text()


@pytest.mark.parametrize("folder", ["policies", "ml/policies", "."])
def test_the_recipe_runs_commands_that_exist_on_the_folder(project: Path, folder: str) -> None:
    assert main(["init", folder]) == 0
    recipe = yaml.safe_load((project / ".github" / "workflows" / "spotwarden.yml").read_text("utf-8"))
    assert recipe[True]["pull_request"]["paths"] == ["**" if folder == "." else f"{folder}/**"]  # YAML reads "on" as true
    runs = [step["run"].split() for step in recipe["jobs"]["policies"]["steps"] if step.get("run", "").startswith("spotwarden")]
    assert [run[1] for run in runs] == ["validate", "test"]
    assert {run[1] for run in runs} <= {command.name for command in COMMANDS}
    assert all(f'"{folder}"' in run for run in runs)
    for run in runs:
        assert main([word.strip('"') for word in run[1:]]) == 0


@pytest.mark.parametrize("existing", WRITTEN[1:])
def test_nothing_is_overwritten_and_nothing_else_is_written(
    project: Path, existing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / existing).parent.mkdir(parents=True)
    (project / existing).write_text("mine")
    assert main(["init"]) == 2
    assert f"found {existing}, wanted a folder without it: nothing is overwritten" in capsys.readouterr().err
    assert files_in(project) == [existing]
    assert (project / existing).read_text() == "mine"


def test_a_second_folder_leaves_the_recipe_of_the_first_and_shows_what_it_lacks(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["init"])
    recipe = project / WRITTEN[0]
    before = recipe.read_text("utf-8")
    capsys.readouterr()
    assert main(["init", "team-b/policies"]) == 0
    printed = capsys.readouterr().out
    assert recipe.read_text("utf-8") == before
    assert files_in(project) == sorted([*WRITTEN, *(f"team-b/{name}" for name in WRITTEN[1:])])
    assert f"kept {WRITTEN[0]} as it is" in printed
    for line in (
        'paths: ["team-b/policies/**"]',
        'validate --strict --format github "team-b/policies"',
        'test "team-b/policies"',
    ):
        assert line in printed
    assert main(["test", "team-b/policies", "--coverage"]) == 0


def test_a_link_to_nothing_is_not_followed(project: Path) -> None:
    (project / "policies").mkdir()
    (project / "policies" / "starter.yaml").symlink_to(project / "elsewhere.yaml")
    assert main(["init"]) == 2
    assert not (project / "elsewhere.yaml").exists()


@pytest.mark.parametrize("folder", ['a"b', "-rf", "a b", "$(x)", "a\nb"])
def test_a_name_that_means_something_else_to_a_program_is_refused(project: Path, folder: str) -> None:
    assert main(["init", "--", folder]) == 2
    assert files_in(project) == []


def test_a_place_where_nothing_can_be_written_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "file").write_text("")
    assert main(["init", "file/policies"]) == 2
    assert "found Not a directory, wanted a new file" in capsys.readouterr().err


def test_a_file_where_the_folder_would_be_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "policies").write_text("")
    assert main(["init"]) == 2
    assert "policies: found a file, wanted a folder, or a name that does not exist" in capsys.readouterr().err
    assert files_in(project) == ["policies"]
