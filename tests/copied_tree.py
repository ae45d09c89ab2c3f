"""Copies the working tree: the committed and the new files, without what git ignores."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def copy_tree(root: Path, folder: Path) -> None:
    """Copy each file of a checkout into a folder; links stay links. Raises CalledProcessError where ``root`` is no checkout."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, check=True, capture_output=True, text=True, cwd=root)  # noqa: S603  # fixed arguments
    for name in filter(None, done.stdout.split("\0")):
        if (root / name).exists():  # a deleted file is listed until that is committed
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name, follow_symlinks=False)
