"""The manifest of the Slack app has the URLs of the stack and the scopes in the docs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from controller.cli import main
from controller.cli.doctor.slack import SCOPES

DOCS = Path(__file__).resolve().parents[3] / "docs" / "slack.md"


def test_the_manifest_has_both_urls(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["slack-manifest", "--url", "https://a.example/api/"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["settings"]["interactivity"]["request_url"] == "https://a.example/api/slack/interactions"
    assert found["features"]["slash_commands"][0]["url"] == "https://a.example/api/slack/command"
    assert set(found["oauth_config"]["scopes"]["bot"]) == SCOPES


def test_without_a_url_the_app_only_posts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["slack-manifest"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "interactivity" not in found["settings"]
    assert "commands" not in found["oauth_config"]["scopes"]["bot"]


def test_a_url_without_https_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["slack-manifest", "--url", "http://a.example"]) == 2
    assert "which begins with https://" in capsys.readouterr().err


def test_the_docs_name_the_same_scopes() -> None:
    [step] = [step for step in DOCS.read_text("utf-8").split("\n2. ") if "bot scopes" in step]
    assert set(re.findall(r"`([a-z:.]+)`", step)) >= SCOPES
