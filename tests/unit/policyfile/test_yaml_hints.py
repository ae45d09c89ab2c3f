"""Text that PyYAML refuses is explained in plain words, and a value is shown as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.policyfile import compile_folder
from tests.unit.policyfile.writing import problems

RULE = "version: 1\nrules:\n  - name: one\n    rule: max-runtime-limit\n    options: {at_most: 24h}\n"
BLOCK = "version: 1\nresubmit:\n  - name: one\n    causes: {starved: {limit: %s}}\n"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("version: 1\nrules:\n\t- name: one\n", "write spaces: YAML allows no tab here"),
        (RULE + "    when: !has(VpcConfig)\n", "quote text that begins with '!'"),
        (RULE + "    match: {name: *-train}\n", "quote text that begins with '*'"),
        (RULE + "    channel: @ml\n", "quote text that begins with such a character"),
        (RULE + "    when: > 3\n", "quote text that begins with '>' or '|'"),
        (RULE + "   mode: warn\n", "begin the keys of one map, and the entries of one list, in the same column"),
        (RULE + "    repair:\n      checkpoint: {job}/x\n", "quote the whole text where it begins with '{'"),
        (RULE + "    docs: 'a' b\n", "quote the whole text where it begins with '{', '[' or a quote"),
        (RULE + "    docs: see: wiki\n", "quote text that has ': ' in it"),
        ("version: 1\nrules:\n  - name:one\n    rule: spot-required\n", "a space after the colon"),
        (RULE + "    mode:warn\n", "write KEY: VALUE, with a space after the colon"),
        (RULE + "    match: {name: [a, b}\n", "close the list with ']'"),
        (RULE + "    match: {name: a\n", "close the map with '}'"),
        (RULE + "    docs: 'wiki\n", "close the quote"),
        (RULE + "---\nversion: 1\n", "write each document in a file of its own"),
        (RULE.replace("    rule", "\u00a0   rule"), "write plain spaces: there is a no-break space"),
    ],
)
def test_text_that_is_not_yaml_has_a_hint_and_a_note_that_more_may_follow(tmp_path: Path, text: str, hint: str) -> None:
    (problem,) = problems(tmp_path, text)
    said = problem.partition("wanted YAML; other mistakes in the file are shown once this one is corrected (")[2]
    assert hint in said


def test_a_file_that_is_not_yaml_hides_no_mistake_of_another_file(tmp_path: Path) -> None:
    found = problems(tmp_path, "version: 1\nrules: [", "version: 1\nrulez: []\n")
    assert {problem[0] for problem in found} == {"a", "b"}


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ('"3"', "found '3', wanted a whole number (text in quotes: write 3 without them)"),
        ("three", "found 'three', wanted a whole number"),
        ('"three"', "found 'three', wanted a whole number"),
        ("yes", "found yes, which YAML reads as true, wanted a whole number"),
        ("0:70", "found '0:70', wanted a whole number"),
        ("24:00", "found '24:00', wanted a whole number"),
        ("010", "found '010', wanted a whole number"),
        ("0x1F", "found '0x1F', wanted a whole number"),
        ("1_0", "found '1_0', wanted a whole number"),
        ("0b11", "found '0b11', wanted a whole number"),
        ("3.5", "found 3.5, wanted a whole number"),
    ],
)
def test_a_number_is_shown_as_it_is_written(tmp_path: Path, limit: str, message: str) -> None:
    assert problems(tmp_path, BLOCK % limit)[0].endswith(f"resubmit[0].causes.starved.limit: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: '1'\nslack: {}\n", "version: found '1', wanted 1, the only version (text in quotes: write 1 without them)"),
        (
            BLOCK % 1 + "    on_demand: 'False'\n",
            "found 'False', wanted true or false (text in quotes: write false without them)",
        ),
        (RULE + "    mode: on\n", "rules[0].mode: found on, which YAML reads as true, wanted one of audit, warn, enforce"),
        (
            RULE.replace("one", "yes"),
            "found yes, which YAML reads as true, wanted text (quote text that YAML reads as true or false)",
        ),
        (
            RULE + "    mode: enforce\n    action: stop\n    enforce_from: 2026-02-30\n",
            "rules[0].enforce_from: found '2026-02-30', wanted a day such as 2026-12-01",
        ),
        (RULE.replace("one", "2026-02-03"), "found 2026-02-03, wanted text (quote text that looks like a date)"),
        ("version: 1\nrules: {name: one}\n", "rules: found {'name': 'one'}, wanted a list, whose entries begin with '- '"),
        ("version: 1\nrules: one\n", "rules: found 'one', wanted a list, whose entries begin with '- '"),
    ],
)
def test_a_value_that_yaml_reads_as_something_else_is_named_with_what_to_write(tmp_path: Path, text: str, message: str) -> None:
    assert message in problems(tmp_path, text)[0]


@pytest.mark.parametrize("account", ["011122223333", "'111122223333'", "098765432109"])
def test_digits_that_begin_with_zero_are_the_text_that_is_written(tmp_path: Path, account: str) -> None:
    (tmp_path / "a.yaml").write_text(RULE + f"    match: {{account: {account}}}\n", "utf-8")
    assert compile_folder(tmp_path)["rules"][0]["match"]["account"] == [account.strip("'")]


def test_a_key_that_begins_with_a_no_break_space_is_recognized(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, RULE + "\u00a0slack: {}\n")
    assert problem.endswith("(write plain spaces: there is a no-break space; did you mean 'slack'?)")


def test_a_day_that_no_calendar_has_hides_no_other_mistake(tmp_path: Path) -> None:
    assert len(problems(tmp_path, RULE + "    enforce_from: 2026-02-30\n    mode: warm\n")) == 2


def test_a_file_in_utf_16_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_bytes(RULE.encode("utf-16"))
    assert any("but UTF-16: save the file as UTF-8" in problem for problem in problems(tmp_path, "version: 2\n"))
