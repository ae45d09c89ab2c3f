"""Conventions of the code that ruff and mypy do not check."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted(p for folder in ("controller", "handlers", "infra") for p in (ROOT / folder).rglob("*.py"))
LINES_MAX = 320
VAGUE = {"utils", "helpers", "manager", "service", "base", "common", "misc"}


def test_no_module_is_too_long() -> None:
    assert [str(p.relative_to(ROOT)) for p in SHIPPED if len(p.read_text("utf-8").splitlines()) > LINES_MAX] == []


def test_no_module_has_a_vague_name() -> None:
    assert [str(p.relative_to(ROOT)) for p in SHIPPED if p.stem in VAGUE] == []


def test_no_code_is_marked_as_unfinished() -> None:
    unfinished = re.compile(r"raise NotImplementedError|pragma: no cover")
    found = [str(p.relative_to(ROOT)) for p in SHIPPED if unfinished.search(p.read_text("utf-8"))]
    assert found == []


def test_every_suppressed_check_has_a_reason() -> None:
    bare = re.compile(r"#\s*(noqa(: [A-Z0-9, ]+)?|type: ignore(\[[a-z, -]+\])?)\s*$", re.MULTILINE)
    found = [f"{p.relative_to(ROOT)}: {m.group(0)}" for p in SHIPPED for m in bare.finditer(p.read_text("utf-8"))]
    assert found == []


def test_no_test_patches_our_own_code() -> None:
    """Neither by its path nor by an imported name. ``replaced`` is for faults and mutants alone."""
    patching = re.compile(r"mock\.patch|from unittest(\.mock)? import|monkeypatch\.setattr\(\s*[\"'](controller|handlers|infra)")
    for path in (p for p in (ROOT / "tests").rglob("*.py") if p != Path(__file__)):
        text = path.read_text("utf-8")
        assert not patching.search(text), path
        ours = {
            name.asname or name.name
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("controller", "handlers", "infra")
            for name in node.names
        }
        assert ours.isdisjoint(re.findall(r"monkeypatch\.setattr\(\s*(\w+)", text)), path


def test_each_option_of_a_script_says_what_it_is_for() -> None:
    texts = ((p, p.read_text("utf-8")) for folder in ("infra", "tests") for p in (ROOT / folder).rglob("*.py"))
    calls = [(p, n) for p, text in texts if "add_argument" in text for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
    options = [(p, n) for p, n in calls if isinstance(n.func, ast.Attribute) and n.func.attr == "add_argument"]
    assert options
    assert [f"{p.relative_to(ROOT)}:{n.lineno}" for p, n in options if "help" not in {k.arg for k in n.keywords}] == []


def test_make_runs_the_property_tests_with_the_same_examples_each_time() -> None:
    for profile in map(settings.get_profile, ("ci", "quick")):
        assert (profile.derandomize, profile.database, profile.print_blob) == (True, None, True)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    of_nightly = re.findall(r"-m pytest.*", makefile[makefile.index("\nnightly:") :].partition("\n\n")[0])
    runs = [run for run in re.findall(r"-m pytest.*", makefile) if run not in of_nightly]
    assert runs
    assert all("--hypothesis-profile=ci" in run or "--hypothesis-profile=quick" in run for run in runs)
    assert all("--hypothesis-profile=nightly" in run for run in of_nightly)
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")


NAMED_OTHERWISE = {
    "aws/dynamodb/test_golden_items.py": "items that older versions stored",
    "aws/sagemaker/test_access_denied.py": "each call of the adapters, denied",
    "cli/test_ledger_commands.py": "the commands that open the ledger",
    "cli/test_mistakes.py": "typical mistakes, for each command",
    "decide/deadline/test_moving.py": "the message of `stop_to_move.py`",
    "decide/test_decisions.py": "the golden file of whole decisions",
    "handlers/test_events_of_others.py": "each handler, with events of another account",
    "handlers/test_without_slack.py": "the handlers of a stack without Slack",
    "infra/test_cost_and_alarm_docs.py": "docs/operations.md",
    "infra/local/sagemaker/test_api.py": "both clients of the world",
    "infra/local/sagemaker/test_bill.py": "usage, over several modules",
    "infra/local/sagemaker/test_seeds.py": "whole worlds",
    "infra/local/test_dynamodb.py": "all implementations of DynamoDB",
    "infra/local/test_probe.py": "probes, through the real handlers",
    "ledger/test_stored_words.py": "every enum of words, and the defaults of what the ledger stores",
    "notifications/test_message_texts.py": "the golden file of all texts",
    "notifications/test_whole_texts.py": "the golden files of reports, digests and cards",
    "policy/rules/test_checkpoints.py": "the three rules about checkpoints",
    "policy/rules/test_limits.py": "the three rules about limits",
    "policy/rules/test_spot_tags_and_instances.py": "the other rules",
    "runtime/test_reads_of_a_look.py": "each read of a look, with the adapters beneath",
    "policyfile/test_documentation.py": "docs/policies.md",
    "policyfile/test_mistakes.py": "each mistake that people can make",
    "policyfile/test_recipes.py": "docs/recipes.md",
    "policyfile/test_waivers.py": "waivers, from the file to the compiled document",
}
"""Unit tests of more than one module, and what they test."""


def test_each_unit_test_is_named_for_its_module() -> None:
    unit = ROOT / "tests" / "unit"
    names = {path.relative_to(unit) for path in unit.rglob("test_*.py")}
    homes = {name: (ROOT if name.parts[0] in ("handlers", "infra") else ROOT / "controller") / name.parent for name in names}
    modules = {name: home / name.name.removeprefix("test_") for name, home in homes.items()}
    packages = {name for name, module in modules.items() if module.with_suffix("").is_dir() or homes[name].stem == module.stem}
    others = {str(name) for name, module in modules.items() if not module.exists() and name not in packages}
    assert others == set(NAMED_OTHERWISE)
