"""The lock of the development environment: complete, with hashes, and without the address of a registry."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PYPROJECT["optional-dependencies"]
WANTED = [line for line in [*PYPROJECT["dependencies"], *EXTRAS["local"], *EXTRAS["dev"]] if not line.startswith("spotwarden")]
LOCKS = [ROOT / "requirements-dev.txt", ROOT / "docs" / "requirements.txt"]


def entries(lock: Path) -> list[str]:
    """One text for each pinned package, with its hashes."""
    return [entry for entry in re.split(r"\n(?=\S)", lock.read_text("utf-8")) if entry.strip()]


@pytest.mark.parametrize("line", WANTED)
def test_each_dependency_is_locked_at_a_version_that_pyproject_allows(line: str) -> None:
    wanted = Requirement(line)
    locked = [Requirement(entry.split("\\")[0].strip()) for entry in entries(LOCKS[0])]
    versions = [
        str(r.specifier).removeprefix("==") for r in locked if canonicalize_name(r.name) == canonicalize_name(wanted.name)
    ]
    assert versions, "run: make lock"
    assert all(wanted.specifier.contains(version) for version in versions)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_each_locked_package_has_a_version_and_a_hash(lock: Path) -> None:
    assert [entry for entry in entries(lock) if not re.match(r"[a-z0-9.-]+==\S+.*--hash=sha256:", entry, re.DOTALL)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_a_lock_names_no_registry(lock: Path) -> None:
    assert "://" not in lock.read_text("utf-8")
