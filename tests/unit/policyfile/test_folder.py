"""Case files are in the folder of the policies, and neither is read as the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.cli import main
from controller.policyfile import BadPolicy, compile_folder

RULES = "version: 1\nrules:\n  - {name: one, rule: spot-required}\n"
CASES = "version: 1\ncases:\n  - {name: one, job: {runtime: 2h}, expect: {verdict: findings, findings: [one]}}\n"


@pytest.mark.parametrize("name", ["a.test.yaml", "a.test.yml", "A.Test.YAML"])
def test_a_case_file_is_not_a_policy_and_does_not_change_the_revision(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.yaml").write_text(RULES)
    before = compile_folder(tmp_path)
    (tmp_path / name).write_text(CASES)
    assert compile_folder(tmp_path) == before


@pytest.mark.parametrize("section", ["rules", "resubmit", "brakes", "slack", "labels", "defaults", "trust_claims"])
def test_a_policy_under_the_name_of_a_case_file_is_refused(tmp_path: Path, section: str) -> None:
    (tmp_path / "a.yaml").write_text(RULES)
    (tmp_path / "b.test.yaml").write_text(f"version: 1\n{section}: {{}}\n")
    with pytest.raises(BadPolicy, match=rf"b\.test\.yaml:2:1: {section}: found the section {section} in a case file"):
        compile_folder(tmp_path)


def test_a_case_file_that_is_not_yaml_is_refused_because_it_may_be_a_policy(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(RULES)
    (tmp_path / "b.test.yaml").write_text("rules: [")
    with pytest.raises(BadPolicy, match="text that is not YAML"):
        compile_folder(tmp_path)


def test_compile_names_every_file_that_it_does_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(RULES)
    (tmp_path / "a.test.yaml").write_text(CASES)
    (tmp_path / "team.ymal").write_text(RULES)
    (tmp_path / ".hidden").write_text("")
    assert main(["compile", str(tmp_path)]) == 0
    assert capsys.readouterr().err.replace(f"{tmp_path}/", "").splitlines() == [
        "not read as a policy: a.test.yaml (cases, which spotwarden test runs)",
        "not read as a policy: team.ymal (its name does not end in .yaml)",
    ]
