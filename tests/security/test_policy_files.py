"""Hostile policy files and documents are refused soon, with little memory, and with one clear sentence."""

from __future__ import annotations

import cProfile
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.limited_process import CLOSED_PIPE, Ended, spotwarden

RULE = "version: 1\nrules:\n  - {name: one, rule: spot-required, mode: enforce, action: stop%s}\n"
CPU_S = 2  # for one policy file
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
JOB = (
    '{"TrainingJobName": "bert", "RoleArn": "arn:aws:iam::111122223333:role/Train",'
    ' "OutputDataConfig": {"S3OutputPath": "s3://out/"}, "StoppingCondition": {"MaxRuntimeInSeconds": 60}}'
)


def refused(result: Ended, *words: str) -> None:
    assert result.returncode == 2, result.stderr[-2000:]
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) <= 9, result.stderr[:2000]  # three lines for each problem
    for word in words:
        assert word in result.stderr + result.stdout


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "alias-bomb": (BOMB.encode(), "values, aliases expanded"),
    "many-aliases": (("a: &a 1\nb: [" + "*a," * 101 + "]\n").encode(), "more than 100 aliases"),
    "deep-flow": (b"version: " + b"[" * 3000, "nested deeper than 20"),
    "deep-maps": (b"version: " + b"{a: " * 3000, "nested deeper than 20"),
    "long-number": (b"version: " + b"9" * 10_000, "a number of 10000 digits"),
    "large": (b"# " + b"x" * 260_000, "more than 256,000 bytes"),
    "utf-16": ("version: 1".encode("utf-16"), "bytes that are not UTF-8"),
    "nul": (b"version: 1\x00\n", "text that is not YAML"),
    "bad-timestamp": (b"version: !!timestamp x\n", "text that is not YAML"),
    "bad-bool": (b"version: !!bool x\n", "text that is not YAML"),
    "bad-int": (b'version: !!int ""\n', "text that is not YAML"),
    "far-time": (b"version: 9999-12-31T23:59:59-14:00\n", ""),
}
BAD_POLICIES = BAD_FILES | {
    "time-zone": (b"version: 1\nslack: {digest: {timezone: " + b"a." * 1000 + b"}}\n", "a time zone such as"),
    "list-as-key": (b"version: 1\n? [a]\n: 1\nslack: {}\n", "a list or a map as a key"),
    "steps-of-lists": (b"version: 1\nresubmit: [{name: a, causes: {disk: }, ladder: [[a], [a]]}]\n", "ladder"),
}
BLOCK = b"version: 1\nresubmit:\n- name: a\n  causes: {starved: {limit: 1}}\n  ladder: ["
HEAVY_FILES: dict[str, bytes] = {  # just below the limits
    "many-values": b"version: [" + b"a," * 5_990 + b"]",
    "many-keys": b"version: 1\n" + b"".join(b"k%d: 1\n" % number for number in range(2_990)),
    "many-mistakes": b"version: 1\nrules:\n" + b"- {name: a, rule: spot-requird, mode: wran, sevrity: hgih}\n" * 650,
    "many-rules": b"version: 1\nrules:\n" + b"".join(b"- {name: a%d, rule: spot-required}\n" % n for n in range(1_190)),
    "many-steps": BLOCK + b"same," * 5_900 + b"]",
    "many-types": BLOCK + b"{instance_types: [" + b"ml.g5.4xlrge," * 5_900 + b"]}]",
    "many-globs": b"version: 1\nrules:\n- {name: a, rule: spot-required, match: {name: [" + b"'*a*a*a*b'," * 5_900 + b"]}}",
    "many-comparisons": b"version: 1\nrules:\n"
    + b"".join(b"- {name: a%d, rule: spot-required, match: {name: ['*a', '?%d']}}\n" % (n, n) for n in range(100)),
    "many-types-matched": b"version: 1\nrules:\n- {name: a, rule: spot-required, match: {instance_type: ["
    + b"".join(b"'ml.g%d.*'," % n for n in range(490))
    + b"]}}",
    "many-expressions": b"version: 1\nrules:\n"
    + b"".join(
        b"- {name: a%d, rule: spot-required, when: '%s'}\n" % (n, b" or ".join([b"has(VpcConfig)"] * 20)) for n in range(600)
    ),
    "many-bad-expressions": b"version: 1\nrules:\n"
    + b"".join(b"- {name: a%d, rule: spot-required, when: has(VpcConfg.a%d)}\n" % (n, n) for n in range(830)),
    "many-unknown-names": b"version: 1\nrules:\n"
    + b"".join(b"- {name: abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz%d, rule: spot-required}\n" % n for n in range(490))
    + b"waivers:\n- {name: w, match: all, reason: x, owner: o, ticket: t, expires: 2026-12-05, rule: ["
    + b",".join(b"bcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzab%d" % n for n in range(480))
    + b"]}",
    "long-text": b"version: 1\nrules:\n- {name: a, rule: spot-required, channel: " + b"x" * 250_000 + b"}",
    "long-template": b"version: 1\nrules:\n- {name: a, rule: checkpoint-required, mode: enforce, action: repair,"
    b" repair: {checkpoint: 's3://b/" + b"{tem}" * 48_000 + b"'}}",
    "comments": b"# x\n" * 63_000 + b"version: 1",
}


@pytest.mark.parametrize("name", BAD_POLICIES)
def test_a_hostile_policy_file_is_refused_in_few_sentences(name: str, tmp_path: Path) -> None:
    data, words = BAD_POLICIES[name]
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "a.yaml").write_bytes(data)
    result = spotwarden("compile", str(folder), folder=tmp_path, cpu_s=CPU_S)
    refused(result, "a.yaml:", words)


@pytest.mark.parametrize("name", HEAVY_FILES)
def test_the_heaviest_policy_files_are_read_within_two_seconds_of_cpu(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "a.yaml").write_bytes(HEAVY_FILES[name][:256_000])
    result = spotwarden("validate", str(folder), folder=tmp_path, cpu_s=CPU_S)
    assert result.returncode in (0, 2), result.stderr[-2000:]
    assert "Traceback" not in result.stderr
    assert len(result.stdout) < 500_000


WORK_MAX = 9_000_000  # function calls, as many as three of the heaviest files need


@pytest.mark.parametrize("name", ["many-values", "many-keys", "many-types", "many-unknown-names", "long-template", "comments"])
def test_a_folder_of_heavy_files_takes_no_more_work_than_a_few_of_them(name: str, tmp_path: Path) -> None:
    """Work is measured in function calls, because their number does not depend on the machine."""
    from controller.policyfile import validate_folder

    for number in range(12):
        (tmp_path / f"f{number:02}.yaml").write_bytes(HEAVY_FILES[name][:256_000])
    profile = cProfile.Profile()
    found = profile.runcall(validate_folder, tmp_path)
    assert sum(entry.callcount for entry in profile.getstats()) < WORK_MAX
    assert any("with those of other files" in problem.found for problem in found.errors)


def test_all_heavy_files_in_one_folder_are_read_within_two_seconds_of_cpu(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    for name, data in HEAVY_FILES.items():
        (folder / f"{name}.yaml").write_bytes(data[:256_000])
        (folder / f"{name}.test.yaml").write_bytes(data[:256_000])
    result = spotwarden("validate", str(folder), folder=tmp_path, cpu_s=CPU_S)
    assert result.returncode == 2, result.stderr[-2000:]
    for kind in (".test.yaml", ".yaml"):
        assert f"{kind}:1:1: found more than " in result.stdout


def test_a_folder_of_very_many_files_is_refused_in_few_sentences(tmp_path: Path) -> None:
    from controller.policyfile import validate_folder

    for number in range(1_001):
        (tmp_path / f"f{number}.yaml").write_text(f"version: 1\nrules: [{{name: a{number}, rule: spot-required}}]\n")
    assert "found more than 1,000 files named *.yaml" in "".join(error.text for error in validate_folder(tmp_path).errors)


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_hostile_case_file_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    data, words = BAD_FILES[name]
    (tmp_path / "a.yaml").write_text(RULE % "")
    (tmp_path / "a.test.yaml").write_bytes(data)
    refused(spotwarden("test", str(tmp_path), folder=tmp_path), "a.test.yaml:", words)


def dangling(folder: Path) -> str:
    (folder / "b.yaml").symlink_to("nothing")
    return "b.yaml:1:1: found a broken link"


def _below(folder: Path) -> str:
    (folder / "sub").mkdir()
    (folder / "sub" / "b.yaml").write_text(RULE % "")
    return "sub/b.yaml:1:1: found a policy file in a subfolder"


def _behind_a_link(folder: Path) -> str:
    elsewhere = folder.parent / f"{folder.name}-elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "deep" / "b.yaml").write_text(RULE % "")
    (elsewhere / "again").symlink_to(elsewhere)
    (folder / "sub").symlink_to(elsewhere)
    return "sub/deep/b.yaml:1:1: found a policy file in a subfolder"


def _directory(folder: Path) -> str:
    (folder / "b.yaml").mkdir()
    return "b.yaml:1:1: found a folder"


def _fifo(folder: Path) -> str:
    os.mkfifo(folder / "b.yml")
    return "b.yml:1:1: found something that is not a regular file"


def _loop(folder: Path) -> str:
    (folder / "b.yaml").symlink_to("b.yaml")
    return "b.yaml:1:1: found a broken link"


def _upper_case(folder: Path) -> str:
    (folder / "B.YAML").write_text("version: 2\n")
    return "B.YAML:1:10: version: found 2"


def _yml(folder: Path) -> str:
    (folder / "b.yml").write_text("version: 2\n")
    return "b.yml:1:10: version: found 2"


@pytest.mark.parametrize("make", [dangling, _below, _behind_a_link, _directory, _fifo, _loop, _upper_case, _yml])
def test_each_file_that_looks_like_a_policy_is_read_or_named(make: Callable[[Path], str], tmp_path: Path) -> None:
    from controller.policyfile import BadPolicy, compile_folder

    (tmp_path / "a.yaml").write_text(RULE % "")
    compile_folder(tmp_path)
    expected = make(tmp_path)
    with pytest.raises(BadPolicy) as problem:
        compile_folder(tmp_path)
    assert expected in str(problem.value)


@pytest.mark.parametrize(
    "match",
    [
        "{}",
        "",
        "{tags: }",
        "{tags: {}}",
        "{tags: {team: }}",
        "{tags: {team: []}}",
        "{name: }",
        "{name: []}",
        "{role: []}",
    ],
)
def test_an_empty_selector_is_a_mistake(match: str, tmp_path: Path) -> None:
    """Otherwise it would select all jobs."""
    from controller.policyfile import BadPolicy, compile_folder

    (tmp_path / "a.yaml").write_text(RULE % f", match: {match}")
    with pytest.raises(BadPolicy):
        compile_folder(tmp_path)


def test_no_name_of_a_file_breaks_a_format_or_moves_a_cursor() -> None:
    from controller.cli.output.problem_formats import as_github, as_json, as_sarif
    from controller.policyfile import Problem

    names = (
        "a\n::error::owned.yaml",
        "b\r::warning::x.yaml",
        "c\x1b[2J.yaml",
        "d%0A::error::x.yaml",
        "e\udcff.yaml",
        "f\u202e.yaml",
    )
    problems = [Problem(file=name, line=1, path="", found="x", wanted="y") for name in names]
    lines = as_github(problems).splitlines()
    assert len(lines) == len(names)
    assert all(line.startswith("::error file=") and line.isprintable() for line in lines)
    assert as_sarif(problems).count('"uri": ') == len(names)
    assert "e%FF.yaml" in as_sarif(problems)
    assert all("\x1b" not in text(problems) for text in (as_json, as_sarif))


BLOCK_OF = "version: 1\nresubmit:\n- {name: a, causes: {starved: {limit: 1}}, cap: {lineage_usd: %s}}\n"
PASSED_OVER: dict[str, tuple[str, str]] = {
    "a key twice": (RULE % ", mode: audit", "found the key 'mode' a second time (first on line 3)"),
    "an escaped key twice": (RULE % ', "m\\x6fde": audit', "found the key 'mode' a second time (first on line 3)"),
    "a section twice": (RULE % "" + "rules: []\n", "found the key 'rules' a second time (first on line 2)"),
    "a number and its text": (RULE % ", match: {tags: {1: a, '1': b}}", "found the key '1' a second time (first on line 3)"),
    "a merge": (RULE % ", <<: {mode: audit}", "unknown key '<<'"),
    "a tag on a map": (RULE.replace("{name", "!off {name") % "", "found the tag '!off'"),
    "a tag on a list": ("version: 1\nrules: !off\n- {name: one, rule: spot-required}\n", "found the tag '!off'"),
    "a tag on a key": (RULE.replace("rules", "!!python/name:os.system rules") % "", "found the tag '!!python/name:os.system'"),
    "a tag on a text": (RULE.replace("one", "!!binary b25l") % "", "found the tag '!!binary'"),
    "an amount of sixties": (BLOCK_OF % "1:30.5", "found '1:30.5'"),
    "an amount with underscores": (BLOCK_OF % "1_0.5", "found '1_0.5'"),
}


@pytest.mark.parametrize("name", PASSED_OVER)
def test_no_part_of_a_policy_file_is_ignored_or_misread(name: str, tmp_path: Path) -> None:
    from controller.policyfile import BadPolicy, compile_folder

    text, said = PASSED_OVER[name]
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(BadPolicy) as problem:
        compile_folder(tmp_path)
    assert said in str(problem.value)


def test_match_all_means_every_job(tmp_path: Path) -> None:
    from controller.policyfile import compile_folder

    (tmp_path / "a.yaml").write_text(RULE % ", match: all")
    assert compile_folder(tmp_path)["rules"][0]["match"] == {}


CELL = b'{"cell_type": "code", "source": "%s"}' % (b"x = 1; " * 200)
CELLS = b'{"cells": [%s], "metadata": {}, "nbformat": 4}' % b",".join([CELL] * 1_000)
BAD_DOCUMENTS: dict[str, tuple[bytes, str]] = {
    "alias-bomb.yaml": (BOMB.encode(), "values, aliases expanded"),
    "deep.yaml": (b"a: " + b"[" * 3000, "nested"),
    "deep.json": (b"[" * 100_000, "nested"),
    "number.json": (JOB.replace("60", "9" * 10_000).encode(), "a number of 10000 digits"),
    "number.yaml": (b"TrainingJobName: bert\nStoppingCondition: {MaxRuntimeInSeconds: " + b"9" * 10_000 + b"}", "10000 digits"),
    "large.json": (b" " * 10_000_001, "more than 10,000,000 bytes"),
    "large.py": (b"#" * 1_000_001, "more than 1,000,000 characters"),
    "cells.ipynb": (CELLS, "code cells of more than 1,000,000 characters"),
    "utf-16.json": (JOB.encode("utf-16"), "bytes that are not UTF-8"),
    "timestamp.yaml": (b"a: !!timestamp x\n", "not YAML"),
}


SAID_TWICE: dict[str, tuple[str, str]] = {
    "a.json": (JOB.replace("60", '60,\n"MaxRuntimeInSeconds": 90'), "line 2: found the name 'MaxRuntimeInSeconds' a second time"),
    "escaped.json": (JOB.replace("60}", '60},\n"\\u0052oleArn": "x"'), "line 2: found the name 'RoleArn' a second time"),
    "lines.json": (JOB + "\n" + JOB.replace("60", '60, "MaxRuntimeInSeconds" : 90') + "\n", "(first on line 2)"),
    "a.yaml": ("TrainingJobName: a\nRoleArn: b\nRoleArn: c\nOutputDataConfig: {}\n", "found the key 'RoleArn' a second time"),
    "number.yaml": ("TrainingJobName: a\nRoleArn: b\nTags: {1: b, '1': c}\n", "line 3: found the key '1' a second time"),
}


@pytest.mark.parametrize("name", SAID_TWICE)
def test_a_document_with_a_duplicate_name_is_refused(name: str, tmp_path: Path) -> None:
    """Parsers use different ones of the two values, so ``check`` could approve another job than the one that is created."""
    from controller.cli.documents import documents

    text, said = SAID_TWICE[name]
    (tmp_path / name).write_text(text)
    assert [said in (one.error or "") for one in documents(str(tmp_path / name))][-1]


def test_a_key_that_a_merge_of_yaml_brings_may_be_written_again(tmp_path: Path) -> None:
    from controller.cli.documents import documents

    (tmp_path / "a.yaml").write_text(
        "x: &x {S3OutputPath: s3://o}\nTrainingJobName: bert\nRoleArn: a\nOutputDataConfig: {<<: *x, S3OutputPath: s3://p}\n"
    )
    [found] = documents(str(tmp_path / "a.yaml"))
    assert found.body["OutputDataConfig"] == {"S3OutputPath": "s3://p"}


SDK = "from sagemaker.estimator import Estimator\n"
MADE = "Estimator(image_uri='i', role='r', instance_count=1, instance_type='ml.m5.large', %s)\n"


def doubled(first: str, then: str, last: str) -> str:
    """Definitions of names, each of which is twice the one before."""
    return f"{SDK}a0 = {first}\n{''.join(then % {'n': n, 'm': n + 1} for n in range(60))}{MADE % last}"


BAD_PROGRAMS: dict[str, tuple[str, str]] = {
    "signs": (f"{SDK}x = {'-' * 20_000}1\n", "nested too deeply"),
    "sums": (f"{SDK}x = {'+'.join('1' * 20_000)}\n{MADE % 'max_run=x'}", "nested too deeply"),
    "branches": (SDK + "if 1:\n pass\n" + "elif 1:\n pass\n" * 20_000, "nested too deeply"),
    "lists": (doubled("[1]", "a%(m)d = [a%(n)d, a%(n)d]\n", "hyperparameters={'a': a60}"), "Later("),
    "maps": (doubled("{'a': 1}", "a%(m)d = {'a': a%(n)d, 'b': a%(n)d}\n", "hyperparameters=a60"), "Later("),
    "texts": (doubled("'ten chars '", "a%(m)d = a%(n)d + a%(n)d\n", "base_job_name=a60"), "Later("),
    "formats": (doubled("'ten chars '", "a%(m)d = f'{a%(n)d}{a%(n)d}'\n", "base_job_name=a60"), "Later("),
    "pieces": (doubled("{'a': 1}", "a%(m)d = {}\na%(m)d['a'] = a%(n)d\na%(m)d['b'] = a%(n)d\n", "hyperparameters=a60"), "Later("),
    "again": (SDK + "a = [1]\n" + "a = [a, a]\n" * 60 + MADE % "hyperparameters={'a': a}", "Later("),
    "templates": (doubled("f'{x}ten chars '", "a%(m)d = f'{a%(n)d}{a%(n)d}'\n", "base_job_name=a60"), "Later("),
    "long number": (f"{SDK}x = 0x{'f' * 20_000}\n{MADE % 'max_run=x, base_job_name=str(x) + str(x // 2)'}", "Later("),
    "list of lists": (f"{SDK}a = [{'1,' * 900}]\n{MADE % ('hyperparameters={1: [' + 'a,' * 900 + ']}')}", "Later("),
}


@pytest.mark.parametrize("name", BAD_PROGRAMS)
def test_a_hostile_program_is_parsed_in_little_time_and_memory(name: str, tmp_path: Path) -> None:
    from controller.cli.documents import documents

    text, said = BAD_PROGRAMS[name]
    (tmp_path / "train.py").write_text(text)
    found = str(list(documents(str(tmp_path / "train.py"))))
    assert said in found
    assert len(found) < 100_000


@pytest.mark.parametrize("name", BAD_DOCUMENTS)
def test_a_hostile_document_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    data, words = BAD_DOCUMENTS[name]
    (tmp_path / name).write_bytes(data)
    refused(spotwarden("check", name, folder=tmp_path), words)


@pytest.mark.parametrize(
    "arguments",
    [["compile", "policies"], ["validate", "policies"], ["check", "job.json"], ["--help"], ["--version"]],
    ids=" ".join,
)
def test_a_full_disk_and_a_closed_pipe_end_without_a_traceback(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.yaml").write_text(RULE % "")
    (tmp_path / "job.json").write_text(JOB)
    result = spotwarden(*arguments, folder=tmp_path, stdout="/dev/full")
    assert result.returncode == 2
    assert "cannot be written" in result.stderr
    assert "Traceback" not in result.stderr
    result = spotwarden(*arguments, folder=tmp_path, stdout=CLOSED_PIPE)
    assert result.stderr == ""
    assert result.returncode in ((1, 141) if arguments[0].startswith("--") else (141,))  # click ends --help with exit code 1
