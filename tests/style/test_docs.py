"""What the docs name exists: files, modules, commands, make targets and links."""

from __future__ import annotations

import re
import sys
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, StrictInt

from controller.cli import COMMANDS
from controller.jobs.job import Job
from controller.policy.rules.kind import Evidence, RuleKind
from controller.policyfile.rule_options import Options
from infra.cost import metrics
from infra.package_graph import PICTURE, imports, packages, picture
from tests.builders import job

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
CURRENT = [page for page in PAGES if page.name != "CHANGELOG.md"]  # a changelog names former names
FENCE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
FILE = re.compile(r"(?<![\w/.:-])((?:controller|handlers|infra|tests|policies|\.chalice|\.ci)/[\w./-]*)")
THEIRS = {  # what a reader makes
    "infra/stages/prod.yaml", "max_instances.py", "controller.policy.rules.max_instances",
    "tests/unit/policy/rules/test_max_instances.py",
}  # fmt: skip
SHORT = re.compile(r"`(\w+\.py)`")  # beside a file that the sentence names with its folder
SOURCES = {path.name for folder in ("controller", "handlers", "infra", "tests") for path in (ROOT / folder).rglob("*.py")} | {
    "app.py"
}
MODULE = re.compile(r"(?<![\w/.])((?:controller|handlers|infra|tests)(?:\.\w+)+)")
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)(?:#[^)]*)?\)")
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
NAMES = {command.name.split(" ")[0] for command in COMMANDS}
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
    assert [path for path in sorted(named - THEIRS) if not (ROOT / path).exists()] == []
    assert {*SHORT.findall(text_of(page))} - THEIRS <= SOURCES


@PARAMETERS
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    named = {found for found in MODULE.findall(text_of(page)) if not found.endswith((".py", ".md", ".json"))}
    assert [name for name in sorted(named - THEIRS) if not exists(name)] == []


@PARAMETERS
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    assert set(re.findall(r"\bmake ([a-z]+)", code_of(page))) <= TARGETS


@PARAMETERS
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    assert set(re.findall(r"\bspotwarden ([a-z]+(?:-[a-z]+)*)\b", code_of(page))) <= NAMES


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_leads_to_a_file(page: Path) -> None:
    assert [link for link in LINK.findall(text_of(page)) if not (page.parent / link).exists()] == []


def test_the_page_of_operations_names_every_command_and_every_metric() -> None:
    page = text_of(ROOT / "docs" / "operations.md")
    assert [name for name in (*(command.name for command in COMMANDS), *sorted(metrics())) if f"`{name}`" not in page] == []


def test_every_make_target_has_a_line_of_help() -> None:
    explained = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert explained == TARGETS


def test_the_picture_of_the_packages_is_current() -> None:
    assert PICTURE.read_text("utf-8") == picture(), "run: python -m infra.package_graph"


def test_no_package_imports_one_above_it() -> None:
    order = packages()
    assert [pair for pair in imports(order) if order.index(pair[0]) > order.index(pair[1])] == []


def test_the_example_of_a_rule_runs_and_its_own_test_holds(tmp_path: Path) -> None:
    rule, options, its_test = re.findall(r"```python\n(.*?)```", text_of(ROOT / "docs" / "adding-a-rule.md"), re.DOTALL)
    (tmp_path / "max_instances_of_the_docs.py").write_text(rule, "utf-8")
    spec = spec_from_file_location("max_instances_of_the_docs", tmp_path / "max_instances_of_the_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    kind: RuleKind = module.MAX_INSTANCES

    def ask(id: str, about: Job, **written: Any) -> Any:
        assert id == kind.id
        return kind.judge(about, kind.options(**written), Evidence())

    names: dict[str, Any] = {"ask": ask, "fault_in": ask, "job": job}
    exec(re.sub(r"^from .*$", "", its_test, flags=re.MULTILINE), names)  # noqa: S102 - the page's own code, run as it is shown
    names["test_a_job_may_use_as_many_instances_as_allowed_and_no_more"]()
    words: dict[str, Any] = {
        "Options": Options,
        "StrictInt": StrictInt,
        "Field": Field,
        "MAX_INSTANCES": kind,
        "__name__": "docs",
    }
    exec(re.sub(r"^from .*$", "", options, flags=re.MULTILINE), words)  # noqa: S102 - as above
    assert {field.name for field in fields(kind.options)} == set(words["OPTIONS"][kind.id].model_fields)  # type: ignore[arg-type]
    assert kind.needs <= {field.name for field in fields(Job)} | {field.name for field in fields(Evidence)}


def test_decisions_are_numbered_in_order() -> None:
    numbers = [int(n) for n in re.findall(r"^## (\d+)\.", text_of(ROOT / "docs" / "decisions.md"), re.MULTILINE)]
    assert numbers == sorted(set(numbers))  # numbers are given out before their decisions are written
