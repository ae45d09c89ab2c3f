"""The guarantees name tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")


def test_every_test_that_a_guarantee_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/.]+?)(?:::(\w+))?`", TEXT)
    assert len(named) > 60
    for path, function in named:
        found = ROOT / path
        assert found.exists(), path
        assert not function or f"def {function}(" in found.read_text(encoding="utf-8"), f"{path}::{function}"
