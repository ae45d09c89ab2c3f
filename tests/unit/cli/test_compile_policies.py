"""``spotwarden compile --to`` writes the document that functions read, and nothing if there is a mistake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.cli import main
from controller.policy.compiled_document import document_of
from tests.unit.cli.embedded_s3 import s3_with

POLICY = "version: 1\nrules: [{name: spot, rule: spot-required, mode: warn}]\n"


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with s3_with("acme-policies") as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text(POLICY)
    return tmp_path


def test_the_document_is_written_where_functions_read_it(s3: Any, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(folder), "--to", "s3://acme-policies/a/policies.json"]) == 0
    written = document_of(s3.get_object(Bucket="acme-policies", Key="a/policies.json")["Body"].read())
    out, err = capsys.readouterr()
    assert out == ""
    assert f"wrote policy {written['revision']} (1 rule," in err
    assert "to s3://acme-policies/a/policies.json" in err


def test_a_mistake_writes_nothing(s3: Any, folder: Path) -> None:
    (folder / "a.yaml").write_text(POLICY.replace("spot-required", "spot-requird"))
    assert main(["compile", str(folder), "--to", "s3://acme-policies/b.json"]) == 2
    assert "b.json" not in [one["Key"] for one in s3.list_objects_v2(Bucket="acme-policies").get("Contents", ())]


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("policies.json", "compile: --to: found 'policies.json', wanted s3://BUCKET/KEY"),
        ("s3://acme-policies/*.json", "wanted s3://BUCKET/KEY, with letters, digits"),
        ("s3://nobodys-policies/a.json", "compile: --to: found no bucket nobodys-policies, wanted one that exists"),
    ],
)
def test_a_place_that_cannot_be_written_is_named(
    s3: Any, folder: Path, capsys: pytest.CaptureFixture[str], uri: str, told: str
) -> None:
    assert main(["compile", str(folder), "--to", uri]) == 2
    assert told in capsys.readouterr().err
