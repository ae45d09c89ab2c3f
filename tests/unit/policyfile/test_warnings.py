"""What a policy may say and probably does not mean is warned about, at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.cli import main
from controller.policyfile import Level, Problem, validate_folder

RULE = """
version: 1
rules:
  - name: saved
    rule: checkpoint-required
    mode: enforce
    action: repair
    repair: {checkpoint: "s3://acme-checkpoints/%s"}
"""


def warnings(folder: Path, text: str) -> tuple[Problem, ...]:
    (folder / "a.yaml").write_text(text, "utf-8")
    validated = validate_folder(folder)
    assert validated.errors == ()
    assert all(problem.level is Level.WARNING for problem in validated.warnings)
    return validated.warnings


@pytest.mark.parametrize("template", ["{team}/", "shared/", "", "{tag:project}/x"])
def test_a_template_that_names_neither_job_nor_family_is_warned_about(tmp_path: Path, template: str) -> None:
    [warning] = warnings(tmp_path, RULE % template)
    assert warning.code == "one-prefix-for-all"
    assert f"s3://acme-checkpoints/{template}" in warning.found
    assert "{job} or {family}" in warning.wanted
    assert (warning.line, warning.column) == (8, 26)


@pytest.mark.parametrize("template", ["{team}/{job}/", "{family}/", "{tag:project}/{family}/{job}"])
def test_a_template_that_names_one_of_them_is_not(tmp_path: Path, template: str) -> None:
    assert warnings(tmp_path, RULE % template) == ()


def test_compile_says_its_warnings_beside_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(RULE % "{team}/", "utf-8")
    assert main(["compile", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("{")
    assert f"{tmp_path}/a.yaml:8:26: warning: rules[0].repair.checkpoint: found the same checkpoint prefix" in err
