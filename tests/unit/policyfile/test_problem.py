"""A problem is shown with its file, line, column, the line itself and a caret below the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.policyfile import Problem, validate_folder

HEAD = "version: 1\nrules:\n"


def errors(folder: Path, text: str | bytes) -> tuple[Problem, ...]:
    (folder / "a.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return validate_folder(folder).errors


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        (HEAD + "  - {name: a, rule: spot-requird}\n", "spot-requird"),
        (HEAD + "  - name: a\n    rule: spot-required\n    mode:\n      warm\n", "warm"),
        (HEAD + "  - {name: a, rule: spot-required, sevrity: high}\n", "sevrity"),
        (HEAD + "  - {name: a, rule: spot-required, name: b}\n", "name"),
        (HEAD + "  - {name: a, rule: spot-required, match: {algorithm: [custom, framwork]}}\n", "framwork"),
        (HEAD + "  - {name: a, rule: spot-required, match: {tags: {team: [5]}}}\n", "5"),
        (HEAD + '  - {name: "a", rule: "spot-requird"}\n', '"spot-requird"'),
        (HEAD + "  - {name: a, rule: spot-required, mode: warn, action: stop}\n", "action"),
        ("version: 1\nslack: {may: {try-agan: [U0123456]}}\n", "try-agan"),
        ("version: 1\nslack: {digest: {at: 25:00}}\n", "25:00"),
        ("version: 1\nresubmit:\n  - {name: a, causes: {starved: {limit: 99}}}\n", "99"),
        ("version: 1\nresubmit:\n  - {name: a, causes: {starved: {limit: 1}}, ladder: [same, same]}\n", "same"),
        ("version: !!bool x\n", "!!bool x"),
    ],
)
def test_the_caret_is_below_what_is_wrong(tmp_path: Path, text: str, marked: str) -> None:
    (problem,) = errors(tmp_path, text)
    _, line, carets = problem.text.splitlines()
    place = carets.index("^")
    assert carets.strip() == "^" * (1 if marked.startswith("!!") else len(marked))
    assert line[place:].startswith(marked)
    assert line[4:] == problem.source == text.splitlines()[problem.line - 1]
    assert problem.column == place - 3
    if marked == "same":
        assert place == line.rindex("same")


def test_a_missing_key_is_reported_at_the_map_that_lacks_it(tmp_path: Path) -> None:
    (problem,) = errors(tmp_path, HEAD + "  - rule: spot-required\n    mode: warn\n")
    assert problem.text.splitlines()[1:] == ["      - rule: spot-required", "        ^"]
    assert problem.code == "missing-key"


def test_the_value_of_an_alias_is_reported_where_the_alias_is_used(tmp_path: Path) -> None:
    text = HEAD + "  - {name: &x a, rule: spot-required}\n  - {name: b, rule: spot-required, mode: *x}\n"
    (problem,) = errors(tmp_path, text)
    assert (problem.line, problem.source[problem.column - 1 :][:4]) == (4, "mode")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("version: 1\nrules: [", 2, 9),
        ("version: 1\nrules:\n\t- x", 3, 1),
        ("version: 1\nru\x07les: 1", 2, 3),
        ("version: 1\nrules: 2026-02-30\n", 2, 8),
        ("version: 1\n? [a]\n: 1\n", 2, 3),
    ],
)
def test_text_that_is_not_yaml_has_its_place_too(tmp_path: Path, text: str, line: int, column: int) -> None:
    assert (line, column) in {(problem.line, problem.column) for problem in errors(tmp_path, text)}


def test_tabs_wide_characters_and_long_lines_keep_the_caret_in_its_place(tmp_path: Path) -> None:
    (wide,) = errors(tmp_path, "version: 1\nslack: {}\ndefaults: {channel: '世界', mode: warm}\n")
    _, line, carets = wide.text.splitlines()
    assert carets.index("^") == line.index("warm") + 2  # two characters before it are two columns wide
    (long,) = errors(tmp_path, f"version: 1\nslack: {{}}\ndefaults: {{channel: '{'x' * 500}', mode: warm}}\n")
    _, line, carets = long.text.splitlines()
    assert len(line) <= 104
    assert line[carets.index("^") :].startswith("warm")


def test_nothing_in_a_file_reaches_the_terminal_as_a_control_character(tmp_path: Path) -> None:
    hostile = 'version: 1\n"\\e[2J\\nrules": \N{RIGHT-TO-LEFT OVERRIDE}x\nrules: []\n'
    found = errors(tmp_path, hostile)
    assert len(found) == 2
    for problem in found:
        assert all(line.isprintable() for line in problem.text.splitlines())
    rule = """  - {name: a, rule: spot-required, when: "TrainingJobName == '\\e[2J*'"}\n"""
    (tmp_path / "a.yaml").write_text(HEAD + rule)
    (doubt,) = (one for one in validate_folder(tmp_path).warnings if one.code == "doubtful-expression")
    assert all(line.isprintable() for line in doubt.text.splitlines())
    assert len(errors(tmp_path, f"version: 1\n? {'k' * 900}\n: 1\n")[-1].text) < 600


def test_a_long_list_of_mistakes_ends_with_a_sentence_about_the_others(tmp_path: Path) -> None:
    found = errors(tmp_path, "version: 1\nrules:\n" + "- {x: 1}\n" * 400)
    assert len(found) == 200
    assert any("200 mistakes or more" in problem.found for problem in found)


def test_every_file_of_the_folder_is_read_even_if_one_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").symlink_to("nothing")
    (tmp_path / "c.yaml").write_bytes(b"\xff")
    (tmp_path / "d.yaml").write_text("version: 2\n")
    found = errors(tmp_path, HEAD + "  - {name: a, rule: spot-requird, options: {runtime_ovr: 1h}}\n")
    assert [Path(problem.file).name for problem in found] == ["a.yaml", "a.yaml", "b.yaml", "c.yaml", "d.yaml", "d.yaml"]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert errors(tmp_path, b"\xef\xbb\xbf" + (HEAD + "  - {name: a, rule: spot-required}\n").encode()) == ()
