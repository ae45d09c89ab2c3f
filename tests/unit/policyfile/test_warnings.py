"""What a policy may say and probably does not mean is warned about when it is compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.cli import main
from controller.policyfile import compile_folder, warnings_of

RULE = """
version: 1
rules:
  - name: saved
    rule: checkpoint-required
    mode: enforce
    action: repair
    repair: {checkpoint: "s3://acme-checkpoints/%s"}
"""


@pytest.mark.parametrize("template", ["{team}/", "shared/", "", "{tag:project}/x"])
def test_a_template_that_names_neither_job_nor_family_is_warned_about(tmp_path: Path, template: str) -> None:
    (tmp_path / "a.yaml").write_text(RULE % template, "utf-8")
    [warning] = warnings_of(compile_folder(tmp_path))
    assert f"s3://acme-checkpoints/{template}" in warning
    assert "neither {job} nor {family}" in warning


@pytest.mark.parametrize("template", ["{team}/{job}/", "{family}/", "{tag:project}/{family}/{job}"])
def test_a_template_that_names_one_of_them_is_not(tmp_path: Path, template: str) -> None:
    (tmp_path / "a.yaml").write_text(RULE % template, "utf-8")
    assert warnings_of(compile_folder(tmp_path)) == ()


def test_compile_says_its_warnings_beside_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(RULE % "{team}/", "utf-8")
    assert main(["compile", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("{")
    assert err.startswith("warning: the rule saved ")
