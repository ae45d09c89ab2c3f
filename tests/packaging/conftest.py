"""Builds the package once for all these tests, from a clean export, and lays it out as Lambda does."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.copied_tree import copy_tree

ROOT = Path(__file__).resolve().parents[2]
IN_LAMBDAS_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A built package: the zip, its files, Chalice's merged template, and the folder of what Lambda's runtime provides."""

    zip: Path
    task: Path
    runtime: Path
    template: Mapping[str, Any]

    @property
    def functions(self) -> dict[str, Mapping[str, Any]]:
        """The properties of each function, by logical id."""
        resources = self.template["Resources"].items()
        return {name: r["Properties"] for name, r in resources if r["Type"] == "AWS::Serverless::Function"}

    def run(self, code: str, **environment: str) -> str:
        """Run code in a new interpreter with only the package and Lambda's runtime; returns what it prints."""
        paths = [str(self.task), str(self.runtime)]
        done = subprocess.run(  # noqa: S603  # fixed arguments
            [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {paths!r}\n{code}"],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def build(checkout: Path, out: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run the checkout's own build script, without the settings of this test run."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return subprocess.run(  # noqa: S603  # fixed arguments
        [sys.executable, "infra/build.py", "--out", str(out), *flags],
        check=False,
        capture_output=True,
        text=True,
        cwd=checkout,
        env=environment,
    )


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SAM transform asks boto3 for a region."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the committed and new files, in another place."""
    folder = tmp_path_factory.mktemp("export")
    copy_tree(ROOT, folder)
    return folder


HERE = ("--python", "{}.{}".format(*sys.version_info[:2]), "--architecture", "x86_64")


@pytest.fixture(scope="session")
def package(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package built from the export for this Python."""
    out = tmp_path_factory.mktemp("package")
    done = build(export, out, *HERE)
    assert done.returncode == 0, done.stdout + done.stderr
    task, runtime = out / "task", out / "runtime"
    with zipfile.ZipFile(out / "deployment.zip") as packed:
        packed.extractall(task)
    runtime.mkdir()
    for name in IN_LAMBDAS_RUNTIME:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        found = origin.parent if origin.name == "__init__.py" else origin
        (runtime / found.name).symlink_to(found)
    template = json.loads((out / "sam.json").read_text())
    return Package(zip=out / "deployment.zip", task=task, runtime=runtime, template=template)
