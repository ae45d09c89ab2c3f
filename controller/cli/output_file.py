"""Writes a command's result to the file that its user names."""

from __future__ import annotations

from pathlib import Path

from controller.cli.errors import BadInput


def write_output(file: Path, text: str) -> None:
    """Write a command's result to a file. Raises BadInput where that is not possible."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file}: found {error.strerror}, wanted a file to write to") from error
