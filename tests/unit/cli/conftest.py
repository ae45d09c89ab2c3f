"""A fixture that runs ``spotwarden check`` in a folder without ./policies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.checking import Check, CheckOutput, run_check


@pytest.fixture
def said_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """A function that writes a document to a file, checks it under the shipped policies, and returns the output."""
    monkeypatch.chdir(tmp_path)

    def run(document: Any, *more: str, name: str = "job.json") -> CheckOutput:
        if isinstance(document, Path):
            return run_check(capsys, str(document), *more)
        Path(name).write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
        return run_check(capsys, name, *more)

    return run
