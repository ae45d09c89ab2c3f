"""Names in other people's files have no effect on a terminal, CI system or spreadsheet that shows the output of a command."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from controller.cli import main
from infra.local.demo.scenario import request
from tests.unit.cli.backtest_policies.histories import line, written

HOSTILE = (
    "a\n::error::b",
    "a\r\n  ::set-output name=x::y",
    "a\u2028::warning::b",
    "::add-mask::a",
    "##[add-mask]a",
    "a##vso[task.setvariable variable=x]y",
    "###vso[task.complete result=Succeeded]",
    "##teamcity[buildStop comment='x']",
    "a%0A::error::b",
    "\x1b[2Ja\x9b31m",
    "\u202ea\u2066\u200b",
)
COMMAND = re.compile(r"\s*::[a-z-]+[^:]*::|.*##[a-z]*\[")  # how the runners of GitHub, Azure and TeamCity parse a line
POLICY = """version: 1
rules:
  - {name: said, rule: tags-required, options: {tags: [cost]}, mode: warn}
"""


def obeyed(text: str) -> list[str]:
    """The lines that a CI system would execute, and the characters that a terminal would."""
    lines = [one for one in re.split(r"[\n\r]+", text) if COMMAND.match(one)]
    return lines + [c for c in text if not c.isprintable() and c != "\n"]


def printed(arguments: Sequence[str], capsys: Any) -> str:
    main(arguments)
    out, err = capsys.readouterr()
    return str(out) + str(err)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "policy.yaml").write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_job_s_texts_are_no_commands_to_who_runs_check(format_: str, folder: Path, capsys: Any) -> None:
    jobs: list[Any] = [
        request(name, "vision", spot=False, checkpoint=f"s3://{name}/x/") | {"Tags": [{"Key": name, "Value": name}], name: {}}
        for name in HOSTILE
    ]
    jobs += HOSTILE
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    said = printed(["check", "jobs.json", "--format", format_], capsys)
    assert said.count("jobs.json") >= len(jobs)
    assert obeyed(said) == []


def test_json_says_the_same_with_escapes(folder: Path, capsys: Any) -> None:
    (folder / "jobs.json").write_text(json.dumps([request(name, "vision") for name in HOSTILE]), encoding="utf-8")
    lines = printed(["check", "jobs.json", "--format", "json"], capsys).splitlines()
    assert [json.loads(one)["job"] for one in lines] == list(HOSTILE)


@pytest.mark.parametrize("format_", ["text", "json", "sarif", "github"])
def test_a_policy_file_s_texts_are_no_commands_to_who_runs_validate(format_: str, folder: Path, capsys: Any) -> None:
    for number, word in enumerate(HOSTILE):
        text = f"version: 1\nrules:\n  - name: {json.dumps(word)}\n    {json.dumps(word)}: 1\n  - rule: spot\n  {word}\n"
        (folder / "policies" / f"p{number}.yaml").write_text(text, encoding="utf-8")
    said = printed(["validate", "policies", "--format", format_], capsys)
    if format_ == "github":
        ours = [one.partition("::")[2] for one in said.splitlines()]
        assert len(ours) >= len(HOSTILE)
        assert all(re.match(r"(error|warning) file=policies/p[0-9]+\.yaml,line=[0-9]+,", one) for one in ours)
        said = said.replace("::error file", "error file").replace("::warning file", "warning file")
    assert obeyed(said) == []


def test_a_case_s_texts_are_no_commands_to_who_runs_the_cases(folder: Path, capsys: Any) -> None:
    said = "expect: {verdict: findings}"
    cases = "".join(f"  - name: {json.dumps(word)}\n    job: {{spot: true, runtime: 1h}}\n    {said}\n" for word in HOSTILE)
    (folder / "policies" / "all.test.yaml").write_text(f"version: 1\ncases:\n{cases}", encoding="utf-8")
    for format_ in ("text", "json", "junit"):
        said = printed(["test", "policies", "--format", format_], capsys)
        assert len(said) > 100 * len(HOSTILE)
        assert obeyed(said) == [], format_
        if format_ == "junit":
            assert len(fromstring(said).findall(".//testcase")) == len(HOSTILE)  # noqa: S314 - our own output


@pytest.mark.parametrize("format_", ["text", "markdown", "json"])
def test_a_team_s_name_is_no_command_to_who_runs_a_backtest(format_: str, folder: Path, capsys: Any) -> None:
    """AWS allows colons in tags, so a team can be called ``::stop-commands::x``."""
    jobs = [line(f"job-{number}", team=name) for number, name in enumerate(("::stop-commands::x", *HOSTILE))]
    history = written(folder, *jobs, "##[group]no job")
    said = printed(["backtest", "policies", "policies", "--history", history, "--format", format_], capsys)
    assert "stop-commands" in said
    assert obeyed(said) == []


@pytest.mark.parametrize("name", ["$(id)", "a;id #", "`id`", "a b"])
def test_a_name_in_a_command_that_a_message_tells_to_run_is_quoted(name: str, folder: Path, capsys: Any) -> None:
    (folder / name).mkdir()
    for asked in (name, f"s3://bucket/{name}", f"https://host/{name}"):
        said = printed(["check", asked], capsys)
        assert obeyed(said) == []
        assert "'" in said.partition("wanted")[2], said
