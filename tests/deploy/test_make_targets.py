"""What make hands to the programs behind its targets, and what it and they refuse before anything is built."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import infra.build
from tests.deploy.docs_commands import ROOT, recipe


def make(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run make as if the tools were installed, without the settings of a make that runs the tests."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "STAGE"}
    asked = ["make", "-f", str(ROOT / "Makefile"), "-o", ".venv/bin/installed", *words]
    return subprocess.run(asked, check=False, capture_output=True, text=True, cwd=cwd, env=env)  # noqa: S603  # our own Makefile


@pytest.mark.parametrize(
    ("words", "built"),
    [
        (("PYTHON=3.13",), ["--python", "3.13"]),
        (("PYTHON=3.9", "ARCH=arm"), ["--architecture", "arm", "--python", "3.9"]),  # refused by name: tests/packaging
        (("PY=3.12", "PYTHON=3.13"), ["--python", "3.12"]),
        (("PYTHON=python3",), []),
    ],
)
def test_a_version_of_python_is_the_package_s_under_either_name(words: tuple[str, ...], built: list[str]) -> None:
    *_, line = recipe(("package", *words), ROOT)
    assert line == [".venv/bin/python", "infra/build.py", "--out", "build/package", *built]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["STAGE=prodd"], "found no stage 'prodd', wanted one of dev"),
        (["STAGE=prodd", "-j4"], "found no stage 'prodd', wanted one of dev"),
        (["STAGE="], "name a stage: make deploy STAGE=dev"),
        ([], "name a stage: make deploy STAGE=dev"),
    ],
)
def test_a_stage_that_does_not_exist_is_refused_before_a_package_is_built(words: list[str], told: str) -> None:
    done = make("deploy", "ARGS=--no-such-flag", "PYTHON=python3", *words)
    assert done.returncode
    assert told in done.stderr
    assert "infra/build.py" not in done.stdout


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "requirements-dev.txt").touch()
    (tmp_path / "pyproject.toml").touch()
    done = make("package", "PYTHON=foo", cwd=tmp_path)
    assert done.returncode
    assert "found no interpreter 'foo': PYTHON is this machine's, PY=3.14 the package's" in done.stderr


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--python", "3.9"], "argument --python: invalid choice: '3.9' (choose from"),
        (["--python", "3.99"], "argument --python: invalid choice: '3.99'"),
        (["--python", "foo"], "argument --python: invalid choice: 'foo'"),
        (["--architecture", "arm"], "argument --architecture: invalid choice: 'arm' (choose from"),
        (["--architecture", "ARM64"], "argument --architecture: invalid choice: 'ARM64'"),
        (["--architecture", ""], "argument --architecture: invalid choice: ''"),
    ],
)
def test_a_target_that_lambda_does_not_have_is_answered_with_those_it_has(
    capsys: pytest.CaptureFixture[str], flags: list[str], told: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        infra.build.main(flags)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
