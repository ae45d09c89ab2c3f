"""The reference page has every key of the models, and is current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.cli import main
from controller.policyfile.descriptions import DESCRIPTIONS
from controller.policyfile.reference import reference_page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "policy-reference.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == reference_page(), "run: spotwarden schema --format markdown -o docs/policy-reference.md"


def test_the_page_has_every_key_with_its_values() -> None:
    rows = re.findall(r"^\| `(\S+)` \| (.+?) \| .+? \| .+ \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert {key for key, _ in rows} == {key for said in DESCRIPTIONS.values() for key in said}
    assert all(takes and "None" not in takes for _, takes in rows)


@pytest.mark.parametrize(
    "row",
    [
        "| `quantile` | a number from 0.5 to 0.99 | `0.9` |",
        "| `first` | a duration such as 90s, 15m, 48h or 7d, from 1s to 28d | `5m` |",
        "| `at_most` | a duration such as 90s, 15m, 48h or 7d, from 1s to 28d | required |",
        "| `runtime_over` | a duration such as 90s, 15m, 48h or 7d, from 0s to 28d | `15m` |",
        "| `name` | text, or a list | – |",
        "| `limit` | a whole number from 0 to 2 | required |",
        "| `lineage_usd` | a number from 0.0001 to 10,000,000 or text | – |",
    ],
)
def test_a_row_has_the_values_of_a_key_and_its_default(row: str) -> None:
    assert row in PAGE.read_text("utf-8")


def test_schema_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--format", "markdown"]) == 0
    assert capsys.readouterr().out == reference_page()
