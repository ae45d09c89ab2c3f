"""Writes policy files, and returns the problems that compiling them reports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.policyfile import BadPolicy, compile_folder


def problems(folder: Path, text: str, *more: str) -> list[str]:
    """The problems of these files, without the path of the folder and the column (``test_places`` holds the columns)."""
    for number, content in enumerate((text, *more)):
        (folder / f"{'abc'[number]}.yaml").write_text(content, "utf-8")
    with pytest.raises(BadPolicy) as refused:
        compile_folder(folder)
    lines = (line.replace(f"{folder}/", "") for line in str(refused.value).splitlines())
    return [re.sub(r"^(\S+?:\d+):\d+: ", r"\1: ", line) for line in lines]
