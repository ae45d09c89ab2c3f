"""The other commands: a cause for a text, a document for a folder, a clear word where the embedded stack is not installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.cli import main
from controller.policyfile import as_text, compile_folder

RULES = "version: 1\nrules:\n  - {name: one, rule: spot-required}\n"


@pytest.mark.parametrize(
    ("text", "cause", "retryable"),
    [
        ("CapacityError: Unable to provision requested ML compute capacity.", "capacity", True),
        ("InternalServerError: We encountered an internal error.  Please try again.", "internal", True),
        ("AlgorithmError: CapacityError: said the script", "algorithm", False),
        ("ClientError: Data download failed", "client", False),
        ("the CapacityError of somebody", "unknown", False),
        ("", "unknown", False),
    ],
)
def test_classify_names_the_cause_by_its_prefix_alone(
    text: str, cause: str, retryable: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", text]) == 0
    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["cause", "retryable", "why"]
    assert (said["cause"], said["retryable"]) == (cause, retryable)
    assert said["why"].endswith(".")


def test_compile_prints_or_writes_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(RULES)
    expected = as_text(compile_folder(tmp_path))
    assert main(["compile", str(tmp_path)]) == 0
    assert capsys.readouterr().out == expected
    assert main(["compile", str(tmp_path), "-o", str(tmp_path / "out.json")]) == 0
    assert (tmp_path / "out.json").read_text("utf-8") == expected


def test_compile_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(tmp_path)]) == 2
    assert "found no policy file, wanted files named *.yaml" in capsys.readouterr().err
    (tmp_path / "a.yaml").write_text(RULES)
    assert main(["compile", str(tmp_path), "-o", str(tmp_path / "none" / "out.json")]) == 2
    assert "out.json: found No such file or directory, wanted a file to write to" in capsys.readouterr().err


def test_an_unknown_command_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["chekc"])
    assert left.value.code == 2
    assert "chekc" in capsys.readouterr().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert all(command in said for command in ("check", "classify", "compile", "local"))
