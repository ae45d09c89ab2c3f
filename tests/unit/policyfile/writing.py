"""Writes policy files, and reads what is said against them."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.policyfile import BadPolicy, compile_folder


def problems(folder: Path, text: str, *more: str) -> list[str]:
    """The lines that compiling these files ends with, without the folder's own path."""
    for number, content in enumerate((text, *more)):
        (folder / f"{'abc'[number]}.yaml").write_text(content, "utf-8")
    with pytest.raises(BadPolicy) as refused:
        compile_folder(folder)
    return [line.replace(f"{folder}/", "") for line in str(refused.value).splitlines()]
