"""A stage file is read as its author means it; what cannot be is refused in one sentence."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import yaml

from infra.deploy import main
from infra.stack import merge_template
from infra.stage import stage_of
from tests.deploy.docs_commands import ROOT
from tests.deploy.test_deploy import refused


@pytest.mark.parametrize(
    ("name", "shown", "meant"),
    [
        ("prodd", "'prodd'", ""),
        ("Dev", "'Dev'", "; did you mean dev?"),
        ("../stages/dev", "'../stages/dev'", ""),
        ("dev.yaml", "'dev.yaml'", ""),
        ("", "''", ""),
        ("x" * 300, f"'{'x' * 60}…'", ""),
        ("d\0v", "'d\\x00v'", "; did you mean dev?"),
    ],
)
def test_an_unknown_stage_is_answered_with_those_that_exist(
    capsys: pytest.CaptureFixture[str], name: str, shown: str, meant: str
) -> None:
    assert main(["deploy", name]) == 1
    said = capsys.readouterr().err
    assert f"found no stage {shown}, wanted one of dev; a stage is a file in" in said
    assert said.count("did you mean") == bool(meant)
    assert meant in said


GOOD = "stack: s\nregion: us-east-1\nbucket: acme\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("stack: [", "is not readable YAML"),
        (b"stack: \xff", "is not readable YAML"),
        ("- a", "found list, wanted"),
        ("", "found NoneType, wanted"),
        (f"{GOOD}colour: red", "found ['colour'], wanted"),
        (f"{GOOD}1: red", "found ['1'], wanted"),
        (GOOD.replace("acme", "''"), "bucket is empty"),
        (GOOD.replace("acme", "s3://acme/x"), "bucket is 's3://acme/x', wanted the name of a bucket, without s3://"),
        (GOOD.replace("us-east-1", "us-east-1a"), "region is 'us-east-1a', wanted a region such as us-east-1"),
        (
            GOOD.replace("stack: s", f"stack: {'s' * 129}"),
            "wanted a stack's name: a letter, then letters, digits and hyphens, 128 at most",
        ),
        (GOOD.replace("stack: s", "stack: spot_warden"), "stack is 'spot_warden', wanted"),
        (f"{GOOD}account: 012345670123", "wanted the 12 digits of an account, in quotes"),  # YAML reads an octal number
        (f"{GOOD}parameters: [Reserve]", "parameters: found list, wanted lines such as Name: value"),
        (f"{GOOD}tags: red", "tags: found str, wanted"),
        (
            f"{GOOD}parameters: {{TrainingRoles: {{a: b}}}}",
            "parameters: TrainingRoles: found a mapping, wanted one value or a list",
        ),
    ],
)
def test_a_stage_file_that_cannot_be_read_is_refused_with_what_is_wrong(tmp_path: Path, text: str | bytes, told: str) -> None:
    (tmp_path / "x.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert told in refused(lambda: stage_of("x", tmp_path))


def test_a_list_of_a_stage_file_is_the_list_of_cloudformation(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        f"{GOOD}account: '012345678901'\nparameters: {{CheckpointBuckets: [a, b], PeerAccounts: []}}"
    )
    stage = stage_of("x", tmp_path)
    assert (stage.account, stage.parameters) == ("012345678901", {"CheckpointBuckets": "a,b", "PeerAccounts": ""})


def test_yes_and_no_without_quotes_are_the_words(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(GOOD + "parameters: {Reserve: no, SlackApi: yes, LogDays: 7}")
    assert stage_of("x", tmp_path).parameters == {"Reserve": "no", "SlackApi": "yes", "LogDays": "7"}


def test_the_stage_that_ships_has_parameters_of_the_template_alone() -> None:
    text = (ROOT / "infra" / "stages" / "dev.yaml").read_text()
    body = textwrap.dedent(text[text.index("parameters:") :].removeprefix("parameters:"))
    named = {line.strip("# ").split(":")[0] for line in body.splitlines() if ": " in line and line.strip("# ")[0].isupper()}
    named = {name for name in named if name.isidentifier()}
    assert named == set(merge_template("python3.14", "arm64")["Parameters"])
    assert yaml.safe_load(text)["stack"] == "spotwarden-dev"
