"""The wheel gives a command that works outside a checkout, in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

JOB = """\
{"TrainingJobName": "bert", "TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/bert",
 "TrainingJobStatus": "InProgress", "RoleArn": "r", "ResourceConfig": {"InstanceType": "ml.g5.xlarge"},
 "AlgorithmSpecification": {"TrainingImage": "train:1"}, "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
 "EnableManagedSpotTraining": false}
"""


@pytest.fixture(scope="module")
def wheel(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(export)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # fixed arguments
    [built] = out.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files as in site-packages; its dependencies come from this environment."""
    folder = tmp_path_factory.mktemp("site-packages")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def run(installed: Path, elsewhere: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "controller.cli", *arguments]
    return subprocess.run(  # noqa: S603  # fixed arguments
        command, check=False, capture_output=True, text=True, cwd=elsewhere, env={"PYTHONPATH": str(installed)}
    )


def test_the_wheel_has_these_names_at_the_top_and_no_others(wheel: Path) -> None:
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"app.py", "controller", "handlers", "infra"}


def test_the_wheel_has_every_file_that_the_packages_read(export: Path, wheel: Path) -> None:
    read = {
        path.relative_to(export).as_posix()
        for package in ("controller", "handlers", "infra")
        for path in (export / package).rglob("*")
        if path.is_file() and path.suffix in (".json", ".html", ".yaml", ".py")
    }
    assert read - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_the_version_is_that_of_the_wheel(wheel: Path, installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "--version")
    assert (done.stdout, done.stderr) == (f"spotwarden {wheel.name.split('-')[1]}\n", "")


def test_check_uses_the_packaged_policies_outside_a_checkout(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(JOB)
    done = run(installed, tmp_path, "check", "job.json", "--format", "json")
    assert (done.returncode, done.stderr) == (1, "")
    assert '"verdict": "findings"' in done.stdout
