"""With a full disk, each command ends with one sentence. With a closed pipe, it ends without a message."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.cli import COMMANDS, main
from controller.cli.output.usage import BAD_INPUT, PIPE_CLOSED
from infra.local.host import TABLE
from tests.security.lab import lab, launch, request, run

POLICY = """
version: 1
defaults: {mode: warn, channel: "#ml"}
rules:
  - {name: spot-only, rule: spot-required}
"""
SHIPPED = Path(__file__).resolve().parents[2] / "policies"
TRACE = {"metadata": {"gap_seconds": 600}, "data": [1] * 100}
LINES: dict[str, list[str]] = {
    "check": ["check", "job.json", "--policies", "policies"],
    "classify": ["classify", "CapacityError: none left"],
    "compile": ["compile", "policies"],
    "validate": ["validate", "policies"],
    "schema": ["schema"],
    "test": ["test", str(SHIPPED)],
    "report": ["report", "--table", TABLE, "--period", "2026-11-16"],
    "audit": ["audit", "--table", TABLE, "--period", "2026-11-16"],
    "advise": ["advise", "bert", "--table", TABLE],
    "export ledger": ["export", "ledger", "--table", TABLE],
    "restore ledger": ["restore", "ledger", "empty.jsonl", "--table", TABLE],
    "forget": ["forget", "ada", "--table", TABLE],
    "export history": ["export", "history", "--since", "90d"],
    "backtest policies": ["backtest", "policies", "policies", "--history", "history.jsonl"],
    "backtest deadline": ["backtest", "deadline", "--traces", "traces", "--shapes", "1h/2h", "--starts", "1"],
    "halt": ["halt", "--table", TABLE, "--why", "x"],
    "resume": ["resume", "--table", TABLE],
    "doctor": ["doctor"],
    "status": ["status", "--table", TABLE],
    "cancel": ["cancel", "bert-0", "--table", TABLE],
    "explain": ["explain", "job.json", "--policies", "policies"],
    "init": ["init", "started"],
    "redrive": ["redrive", "--table", TABLE],
    "replay": ["replay", "--since", "2026-11-17T01:59", "--function", "JobChanged"],
    "slack-manifest": ["slack-manifest", "--url", "https://x.execute-api.us-east-1.amazonaws.com/api/"],
}


def test_every_command_of_its_own_output_is_tried() -> None:
    assert {command.name for command in COMMANDS if not command.forwards} == LINES.keys()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("output")
    with lab(POLICY) as host:
        for number in range(3):
            launch(host, request(f"bert-{number}", "vision", work_s=600))
        run(host, hours=26)
        described = {"TrainingJobName": "a", "RoleArn": "arn:aws:iam::123456789012:role/r"}
        (made / "job.json").write_text(json.dumps(described))
        (made / "empty.jsonl").write_text("")
        (made / "history.jsonl").write_text(json.dumps(described) + "\n")
        (made / "policies").mkdir()
        (made / "policies" / "a.yaml").write_text(POLICY)
        (made / "traces").mkdir()
        (made / "traces" / "one.json").write_text(json.dumps(TRACE))
        yield made


@pytest.fixture
def exit_code(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str], int], int]:
    """Run a command with a file descriptor as standard output. Returns its exit code."""
    monkeypatch.chdir(folder)

    def run_into(arguments: list[str], descriptor: int) -> int:
        for made in ("started", ".github"):  # because init overwrites no files
            shutil.rmtree(folder / made, ignore_errors=True)
        with monkeypatch.context() as patch, os.fdopen(descriptor, "w", encoding="utf-8") as out:
            patch.setattr(sys, "stdout", out)
            return main(arguments)

    return run_into


@pytest.mark.parametrize("name", LINES)
def test_a_full_disk_is_told_in_one_sentence(
    name: str, exit_code: Callable[[list[str], int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    code = exit_code(LINES[name], os.open("/dev/full", os.O_WRONLY))
    told = capsys.readouterr().err
    assert (code, told.splitlines()[-1:]) == (
        BAD_INPUT,
        [f"spotwarden {name}: the output cannot be written (No space left on device)"],
    )


@pytest.mark.parametrize("name", LINES)
def test_a_reader_that_has_left_is_no_error(
    name: str, exit_code: Callable[[list[str], int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    read, write = os.pipe()
    os.close(read)
    assert exit_code(LINES[name], write) == PIPE_CLOSED
    assert "cannot be written" not in capsys.readouterr().err  # some commands print there how much they left out


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["classify", '{"a":' + DEEP], 0), (["backtest", "deadline", "--traces", "deep"], BAD_INPUT)],
    ids=["classify", "backtest deadline"],
)
def test_json_that_nests_deeper_than_python_follows_is_no_traceback(
    arguments: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.json").write_text(DEEP)
    assert main(arguments) == code
    assert "Traceback" not in capsys.readouterr().err
