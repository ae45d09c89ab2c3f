"""Whether the files that the demo writes at its end can be written, said before it begins."""

from __future__ import annotations

import os
from pathlib import Path


def why_not_written(path: Path) -> str:
    """Why a file cannot be written, as far as it is known before; empty where it can. Nothing is created."""
    if path.is_dir():
        return "a folder"
    parent = next(one for one in (path.absolute().parent, *path.absolute().parents) if one.exists() or one.is_symlink())
    if not parent.is_dir():
        return f"{parent}, which is no folder"
    if not os.access(parent, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        return "Permission denied"
    return ""
