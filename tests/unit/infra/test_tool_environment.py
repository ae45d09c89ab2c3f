"""The virtual environment of a tool is made once, and again if its installation was interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.tool_environment import NotInstalled, programs_of


def test_a_complete_environment_is_used_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "installed").touch()
    assert programs_of(tmp_path, ["no-such-package"]) == tmp_path / "bin"
    assert not (tmp_path / "bin").exists()


@pytest.mark.nightly  # it creates two virtual environments
def test_what_cannot_be_installed_is_named_and_leaves_no_environment_that_looks_complete(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(NotInstalled, match=r"no-such-package cannot be installed"):
            programs_of(tmp_path / "tool", ["--no-index", "no-such-package"])
        assert not (tmp_path / "tool" / "installed").exists()
