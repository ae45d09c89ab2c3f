"""A file that cannot be written is reported before the work begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.cli import main as spotwarden
from controller.cli.output.output_file import why_not_written
from infra.local.demo.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--keep", "--ports-file", "file/ports.json"], "--ports-file: file/ports.json: found {}/file, which is not a folder"),
        (["--keep", "--ports-file", "folder"], "--ports-file: folder: found a folder, wanted a file to write to"),
        (["--history", "file/new/h.jsonl"], "--history: file/new/h.jsonl: found {}/file, which is not a folder"),
        (["--trace", "none.json"], "--trace: none.json: found No such file or directory, wanted a file that can be read"),
        (["--out", "file"], "--out: file: found {}/file, which is not a folder, wanted a folder to write to"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    Path("folder").mkdir()
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said.format(tmp_path) in capsys.readouterr().err


def test_a_folder_that_is_created_at_the_end_is_allowed_and_nothing_is_created_before(tmp_path: Path) -> None:
    assert why_not_written(tmp_path / "new" / "deeper" / "ports.json") == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="this system has no /proc")
def test_a_read_only_place_is_refused() -> None:
    assert why_not_written(Path("/proc/self/ports.json")) == "Permission denied"


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "--table", "T", "--out"],
        ["export", "ledger", "--table", "T", "--out"],
        ["export", "history", "--out"],
        ["test", "--junit"],
        ["schema", "--output"],
    ],
)
@pytest.mark.parametrize(("file", "found"), [("folder", "a folder"), ("none/file", "no folder none")])
def test_every_command_checks_the_place_of_its_result_before_it_works(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    file: str,
    found: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    assert spotwarden([*arguments, file]) == 2
    assert f"{file}: found {found}, wanted a file to write to" in capsys.readouterr().err
