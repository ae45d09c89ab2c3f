"""What every command shares: help, version, suggestions, exit codes; and the commands that need no ledger."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from controller.cli import COMMANDS, Command, main
from controller.cli.output.usage import PIPE_CLOSED
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
        ("it failed", "unknown", False),
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["exprt"], "spotwarden: No such command 'exprt'. Did you mean 'export'? See 'spotwarden --help'."),
        (["digest"], "spotwarden: No such command 'digest'. See 'spotwarden --help'."),
        (["chekc"], "spotwarden: No such command 'chekc'. Did you mean 'check'? See 'spotwarden --help'."),
        (
            ["check", "--polcies"],
            "spotwarden check: No such option --polcies. Did you mean --policies? See 'spotwarden check --help'.",
        ),
        (["check"], "spotwarden check: Missing argument 'FILE|JOB'. See 'spotwarden check --help'."),
        (
            ["check", "x", "--format", "xml"],
            "spotwarden check: Invalid value for '--format': 'xml' is not one of 'text', 'json'. See 'spotwarden check --help'.",
        ),
        (
            ["advise", "x", "--days", "0"],
            "spotwarden advise: --days: found '0', wanted at least 1. See 'spotwarden advise --help'.",
        ),
        (
            ["backtest", "deadline", "--traces", "x", "--starts", "y"],
            "spotwarden backtest deadline: --starts: found 'y', wanted a whole number."
            " See 'spotwarden backtest deadline --help'.",
        ),
    ],
)
def test_a_command_line_that_cannot_be_read_is_one_sentence_with_a_suggestion(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", f"{message}\n")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f"\n  {command.name.split(' ')[0]} " in printed for command in COMMANDS)


def test_the_list_of_commands_cuts_no_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["export"], ["backtest"], ["restore"]):
        main([*arguments, "--help"])
        commands = capsys.readouterr().out.partition("Commands:")[2]
        assert commands
        assert "..." not in commands


def test_a_call_without_a_command_prints_the_help_and_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().out


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.forwards], ids=lambda command: command.name)
def test_the_help_of_a_command_has_one_sentence_examples_and_the_exit_codes(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.name.split(" "), "--help"]) == 0
    printed = capsys.readouterr().out
    assert command.help in printed
    assert "Examples:\n    " + "\n    ".join(command.examples) + "\n" in printed
    assert f"Exit codes:\n    {command.codes}" in printed


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"spotwarden {project['version']}\n"


def test_the_demo_reads_its_own_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["demo", "--help"], ["local", "demo", "--help"]):
        assert main(arguments) == 0
        assert "--jobs" in capsys.readouterr().out


def test_a_closed_pipe_ends_the_command_quietly(tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_text('{"TrainingJobName": "a", "RoleArn": "r"}\n' * 2000)
    for format_ in ("text", "json"):
        command = [sys.executable, "-m", "controller.cli", "check", str(tmp_path / "many.jsonl"), "--format", format_]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603  # fixed arguments
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
        running.stderr.close()
        assert running.wait() == PIPE_CLOSED


def test_ctrl_c_ends_the_command_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Interrupted:
        def read(self, size: int = -1) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", Interrupted())
    assert main(["check", "-"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_character_that_the_terminal_s_encoding_lacks_is_shown_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(printed, encoding="ascii"))
    assert main(["schema", "--format", "markdown"]) == 0
    assert b"\\u2013" in printed.getvalue()


def test_bash_completes_the_names_of_the_commands() -> None:
    words = {"_SPOTWARDEN_COMPLETE": "complete_bash", "COMP_WORDS": "spotwarden ch", "COMP_CWORD": "1"}
    command = [sys.executable, "-m", "controller.cli"]
    done = subprocess.run(command, env=os.environ | words, check=True, capture_output=True, text=True)  # noqa: S603  # fixed arguments
    assert done.stdout.split() == ["check"]


class Interrupting:
    """A module finder that raises KeyboardInterrupt, as if Ctrl-C was pressed during the import."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "controller.cli.slack_manifest":
            raise KeyboardInterrupt


def test_ctrl_c_while_a_command_is_loaded_ends_it_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "controller.cli.slack_manifest", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting, *sys.meta_path])
    assert main(["slack-manifest"]) == 130
    assert capsys.readouterr() == ("", "")
