"""The commands of the embedded AWS name what is missing if only the command line is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WITHOUT_MOTO = "import sys; sys.modules['moto'] = None; from controller.cli import main; raise SystemExit(main(sys.argv[1:]))"


@pytest.mark.parametrize("command", [["demo"], ["local", "demo"]])
def test_without_the_extra_the_demo_says_in_one_sentence_what_to_install(command: list[str], tmp_path: Path) -> None:
    ran = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", WITHOUT_MOTO, *command, "--out", str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ran.returncode == 2
    assert "needs the Python package 'moto" in ran.stderr
    assert "make demo" in ran.stderr
    assert "Traceback" not in ran.stderr + ran.stdout
    assert not list(tmp_path.iterdir())
