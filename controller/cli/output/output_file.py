"""Writes a command's result to a file, and checks before the work begins whether that is possible."""

from __future__ import annotations

import os
from pathlib import Path

from controller.cli.output.errors import BadInput


def write_output(file: Path, text: str) -> None:
    """Write a command's result to a file. Raises BadInput if that is not possible."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file}: found {error.strerror}, wanted a file to write to") from error


def refuse_unwritable(file: Path | None) -> None:
    """Raises BadInput for a file that certainly cannot be written, before any call of AWS."""
    if file is None:
        return
    problem = why_not_written(file) or ("" if file.absolute().parent.is_dir() else f"no folder {file.parent}")
    if problem:
        raise BadInput(f"{file}: found {problem}, wanted a file to write to")


def why_not_written(path: Path) -> str:
    """Why a file cannot be written, as far as it can be known in advance; otherwise empty. Nothing is created."""
    if path.is_dir():
        return "a folder"
    parent = next(one for one in path.absolute().parents if one.exists() or one.is_symlink())
    if not parent.is_dir():
        return f"{parent}, which is not a folder"
    if not os.access(parent, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        return "Permission denied"
    return ""
