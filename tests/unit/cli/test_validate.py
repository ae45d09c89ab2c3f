"""``spotwarden validate`` finds every mistake of a policy folder, for people and for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from controller.cli import main

ROOT = Path(__file__).resolve().parents[3]
GOOD = "version: 1\nrules:\n  - {name: one, rule: spot-required}\n"
BAD = "version: 1\nrules:\n  - {name: one, rule: spot-requird, sevrity: high}\n"
WARNED = "version: 1\nrules:\n  - {name: one, rule: checkpoint-required, mode: enforce, action: repair, repair: {checkpoint: s3://b/x}}\n"


def validated(folder: Path, text: str, *arguments: str) -> int:
    (folder / "a.yaml").write_text(text, "utf-8")
    return main(["validate", str(folder), *arguments])


@pytest.mark.parametrize(
    ("text", "plain", "strict"), [(GOOD, 0, 0), (WARNED, 0, 1), (BAD, 2, 2), ("", 2, 2)], ids=["good", "warned", "bad", "empty"]
)
def test_the_exit_code_says_what_was_found(tmp_path: Path, text: str, plain: int, strict: int) -> None:
    assert validated(tmp_path, text) == plain
    assert validated(tmp_path, text, "--strict") == strict


def test_the_shipped_policies_are_valid_and_give_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["validate", "--strict"]) == 0


def test_people_see_each_line_with_a_caret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.yaml").write_text(BAD)
    assert main(["validate"]) == 2
    first, line, caret, second, _, _, last = capsys.readouterr().out.splitlines()
    assert first.startswith("policies/a.yaml:3:23: rules[0].rule: found 'spot-requird', wanted one of checkpoint-required, ")
    assert first.endswith("(did you mean 'spot-required'?)")
    assert line == "      - {name: one, rule: spot-requird, sevrity: high}"
    assert caret == "                          ^^^^^^^^^^^^"
    assert second.startswith("policies/a.yaml:3:37: rules[0].sevrity: found unknown key 'sevrity'")
    assert last == "policies: 2 errors"


def test_compile_and_check_show_the_same_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    validated(tmp_path, BAD)
    shown = "".join(capsys.readouterr().out.splitlines(keepends=True)[:-1])
    assert main(["compile", str(tmp_path)]) == 2
    assert capsys.readouterr().err == shown
    assert main(["check", "job.json", "--policies", str(tmp_path)]) == 2
    assert capsys.readouterr().err == shown


def test_json_has_each_problem_with_its_suggestions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert validated(tmp_path, BAD, "--format", "json") == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["errors"], told["warnings"]) == (2, 0)
    first = told["problems"][0]
    assert first["suggestions"] == ["spot-required"]
    assert {name: first[name] for name in ("line", "column", "level", "code", "path")} == {
        "line": 3, "column": 23, "level": "error", "code": "wrong-value", "path": "rules[0].rule",
    }  # fmt: skip


@pytest.mark.parametrize("text", [GOOD, BAD, WARNED, "a: [", "\n"])
def test_sarif_has_what_code_scanning_needs(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    validated(tmp_path, text, "--format", "sarif")
    log = json.loads(capsys.readouterr().out)
    (run,) = log["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert log["version"] == "2.1.0"
    assert (len(run["results"]) == 0) is (text == GOOD)
    for result in run["results"]:
        place: Any = result["locations"][0]["physicalLocation"]
        assert result["ruleId"] in rules
        assert result["level"] in ("error", "warning")
        assert place["artifactLocation"]["uri"] == "a.yaml"
        assert place["region"]["startLine"] >= 1
        assert place["region"]["endColumn"] > place["region"]["startColumn"] >= 1


def test_github_has_one_command_for_each_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "with, comma: and 100%"
    folder.mkdir()
    assert validated(folder, BAD, "--format", "github") == 2
    first, second = capsys.readouterr().out.splitlines()
    assert re.match(
        r"::error file=[^,:]*with%2C comma%3A and 100%25/a\.yaml,line=3,col=23,endColumn=35,title=[^:,]*::rules", first
    )
    assert second.startswith("::error ")
    validated(folder, WARNED, "--format", "github")
    assert capsys.readouterr().out.startswith("::warning ")


def test_a_line_break_in_a_key_does_not_begin_a_command_of_github(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    validated(tmp_path, 'version: 1\n"a\\n::stop-commands::x": 1\nrules: []\n', "--format", "github")
    assert all(line.startswith("::error ") for line in capsys.readouterr().out.splitlines())


def test_ctrl_c_ends_it_with_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        def write(self, _: str) -> int:
            raise KeyboardInterrupt

        def flush(self) -> None:
            """Nothing was written."""

    (tmp_path / "a.yaml").write_text(BAD)
    monkeypatch.setattr("sys.stdout", Interrupted())
    assert main(["validate", str(tmp_path)]) == 130


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(tmp_path / "none")]) == 2
    assert "found nothing, wanted a folder of policy files" in capsys.readouterr().out


def test_a_name_in_a_case_that_no_rule_has_is_an_error_as_it_is_for_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = "version: 1\ncases:\n  - {name: c, job: {}, expect: {verdict: findings, findings: [%s]}}\n"
    (tmp_path / "a.test.yaml").write_text(case % "oen")
    assert validated(tmp_path, GOOD) == 2
    assert "found the unknown rule 'oen'" in capsys.readouterr().out
    (tmp_path / "a.test.yaml").write_text(case % "one")
    assert validated(tmp_path, GOOD) == 0


def test_an_empty_folder_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(GOOD, "utf-8")  # must not be read: an empty name does not mean the working directory
    assert main(["validate", ""]) == 2
    assert "found an empty name, wanted a policy folder" in capsys.readouterr().err
