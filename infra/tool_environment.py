"""Virtual environments for tools that need other versions of packages than this project has."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PIP_OPTIONS = ("--quiet", "--disable-pip-version-check")
PIP = ("-m", "pip", "install", *PIP_OPTIONS)


class NotInstalled(Exception):
    """The packages of an environment cannot be installed. The message names them and contains the end of pip's output."""


def programs_of(folder: Path, packages: Sequence[str]) -> Path:
    """Return the folder with the programs of a virtual environment, and create it if it is missing. Raises NotInstalled."""
    programs, complete = folder / "bin", folder / "installed"
    if not complete.exists():  # also after an installation that was interrupted
        shutil.rmtree(folder, ignore_errors=True)
        for command in ([sys.executable, "-m", "venv", str(folder)], [str(programs / "python"), *PIP, *packages]):
            done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # our own arguments
            if done.returncode:
                raise NotInstalled(f"{' '.join(packages)} cannot be installed:\n{(done.stderr or done.stdout)[-500:]}")
        complete.touch()
    return programs
