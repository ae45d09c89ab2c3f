"""What the docs name exists: files, modules, commands, make targets and links."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from infra.package_graph import PICTURE, imports, packages, picture

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
CURRENT = [page for page in PAGES if page.name != "CHANGELOG.md"]  # a changelog names what was
FENCE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
FILE = re.compile(r"(?<![\w/.:-])((?:controller|handlers|infra|tests|policies|\.chalice|\.ci)/[\w./-]*)")
MODULE = re.compile(r"(?<![\w/.])((?:controller|handlers|infra|tests)(?:\.\w+)+)")
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)(?:#[^)]*)?\)")
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
COMMANDS = {"check", "classify", "compile", "report", "audit", "advise", "backtest", "halt", "resume", "demo", "local"}
PARAMETERS = pytest.mark.parametrize("page", CURRENT, ids=[str(page.relative_to(ROOT)) for page in CURRENT])


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def code_of(page: Path) -> str:
    return "\n".join(FENCE.findall(text_of(page)))


def exists(dotted: str) -> bool:
    """Whether a dotted name is a module, or a name in one."""
    module, _, name = dotted.rpartition(".")
    try:
        return find_spec(dotted) is not None or hasattr(import_module(module), name)
    except ModuleNotFoundError:
        return hasattr(import_module(module), name)


@PARAMETERS
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = {found.rstrip(".") for found in FILE.findall(text_of(page))}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@PARAMETERS
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    named = {found for found in MODULE.findall(text_of(page)) if not found.endswith((".py", ".md", ".json"))}
    assert [name for name in sorted(named) if not exists(name)] == []


@PARAMETERS
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    assert set(re.findall(r"\bmake ([a-z]+)", code_of(page))) <= TARGETS


@PARAMETERS
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    assert set(re.findall(r"\bspotwarden ([a-z]+)\b", code_of(page))) <= COMMANDS


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_leads_to_a_file(page: Path) -> None:
    assert [link for link in LINK.findall(text_of(page)) if not (page.parent / link).exists()] == []


def test_every_make_target_has_a_line_of_help() -> None:
    explained = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert explained == TARGETS


def test_the_picture_of_the_packages_is_current() -> None:
    assert PICTURE.read_text("utf-8") == picture(), "run: python -m infra.package_graph"


def test_no_package_imports_one_above_it() -> None:
    order = packages()
    assert [pair for pair in imports(order) if order.index(pair[0]) > order.index(pair[1])] == []


def test_decisions_are_numbered_in_order() -> None:
    numbers = [int(n) for n in re.findall(r"^## (\d+)\.", text_of(ROOT / "docs" / "decisions.md"), re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
