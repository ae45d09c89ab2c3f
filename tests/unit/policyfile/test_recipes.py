"""The recipes of the docs: each compiles, passes its cases, has one for each part, and is on the page unchanged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.cli import main

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "recipes.md").read_text("utf-8")
RECIPES = sorted(path for path in (DOCS / "recipes").iterdir() if path.is_dir())


def test_there_are_ten_recipes_and_each_is_on_the_page() -> None:
    assert len(RECIPES) == len(re.findall(r"^## \d+\. ", PAGE, re.MULTILINE)) == 10
    assert "(recipes.md)" in (DOCS / "policies.md").read_text("utf-8")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.name)
def test_a_recipe_passes_its_cases_and_each_part_has_one(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(recipe), "--coverage"]) == 0, capsys.readouterr()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.name)
def test_the_page_shows_a_recipe_and_its_cases_as_they_are(recipe: Path) -> None:
    for file in sorted(recipe.iterdir()):
        assert f"```yaml\n{file.read_text('utf-8')}```" in PAGE, file.name
