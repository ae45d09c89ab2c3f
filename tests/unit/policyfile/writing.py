"""Writes policy files, and returns the problems or the warnings when they are compiled."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.policyfile import BadPolicy, Level, Problem, compile_folder, validate_folder

NOW = datetime(2026, 11, 30, tzinfo=UTC)
RULES = "version: 1\nrules:\n"


def problems(folder: Path, text: str, *more: str) -> list[str]:
    """The problems of these files, without the folder's path and without columns (``test_problem`` checks the columns)."""
    for number, content in enumerate((text, *more)):
        (folder / f"{'abc'[number]}.yaml").write_text(content, "utf-8")
    with pytest.raises(BadPolicy) as refused:
        compile_folder(folder)
    lines = (line.replace(f"{folder}/", "") for line in str(refused.value).splitlines())
    return [re.sub(r"^(\S+?:\d+):\d+: ", r"\1: ", line) for line in lines]


def warnings(folder: Path, text: str, *, now: datetime | None = None) -> tuple[Problem, ...]:
    """The warnings about a file without errors. Without ``now``, no day has passed."""
    (folder / "a.yaml").write_text(text, "utf-8")
    validated = validate_folder(folder, now=now)
    assert validated.errors == ()
    assert all(problem.level is Level.WARNING for problem in validated.warnings)
    return validated.warnings


def told(folder: Path, text: str, *, now: datetime | None = None) -> list[tuple[str, str]]:
    """The code of each warning, and the text at its place."""
    found = warnings(folder, text, now=now)
    return [(one.code, one.source[one.column - 1 :][: one.length]) for one in found]
