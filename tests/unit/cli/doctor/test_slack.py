"""The doctor reports what is wrong with the secret for Slack, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from controller.cli.doctor.slack import look_at_slack
from controller.cli.slack_manifest import manifest
from infra.local.http_server import HttpServer, Response
from infra.local.slack.server import Slack
from tests.client_errors import client_error


class Secrets:
    """Secrets Manager with one answer or one error."""

    meta = SimpleNamespace(region_name="us-east-1")

    def __init__(self, answer: Mapping[str, Any] | str) -> None:
        self.answer = answer

    def get_secret_value(self, SecretId: str) -> Any:  # noqa: N803 (AWS's own name)
        assert SecretId
        if isinstance(self.answer, str):
            raise client_error(self.answer, operation="GetSecretValue")
        return self.answer


@pytest.mark.parametrize(
    ("answer", "ok", "told"),
    [
        ("InvalidRequestException", False, "the secret arn is marked for deletion: aws secretsmanager restore-secret"),
        ("DecryptionFailure", False, "the secret arn cannot be decrypted: enable its KMS key"),
        ("ResourceNotFoundException", False, "found no secret arn: create it, or deploy without SlackTokenSecret"),
        (
            {"SecretBinary": b"x"},
            False,
            "the secret arn cannot be used: the Slack secret is empty or not text (SecretBinary is not read)",
        ),
        ({"SecretString": ""}, False, "the secret arn cannot be used: the Slack secret is empty or not text"),
        ({"SecretString": "{not json"}, False, "the secret arn cannot be used: the Slack secret begins like JSON but is not"),
        ({"SecretString": '{"bot_token": 7}'}, False, "the secret arn cannot be used: the Slack secret has no bot_token; wanted"),
        ({"SecretString": '{"webhook_url": "https://hooks"}'}, True, "an incoming webhook"),
    ],
)
def test_an_unusable_secret_is_named_with_what_to_do(answer: Any, told: str, *, ok: bool) -> None:
    found = look_at_slack(lambda _: Secrets(answer), "arn")
    assert found[0] is ok
    assert found[1].startswith(told)


def test_without_a_signing_secret_the_app_posts_but_gets_no_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    slack = Slack().serve()
    monkeypatch.setenv("SPOTWARDEN_SLACK_URL", f"{slack.url}/api/")
    try:
        ok, says = look_at_slack(lambda _: Secrets({"SecretString": slack.token}), "arn")
    finally:
        slack.close()
    assert ok
    assert says.endswith("; the secret has no signing_secret, so buttons and /spot do nothing")


@pytest.mark.parametrize(
    ("secret", "url"), [("xoxb-1", ""), ('{"bot_token": "xoxb-1", "signing_secret": "s"}', "https://acme.test/api/")]
)
def test_an_app_with_the_scopes_of_its_manifest_is_in_order(secret: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scopes = ",".join(manifest(url, "Spotwarden")["oauth_config"]["scopes"]["bot"])
    headers = {"Content-Type": "application/json", "x-oauth-scopes": scopes}
    with HttpServer(lambda _: Response(body=b'{"ok": true, "team": "acme"}', headers=headers)) as slack:
        monkeypatch.setenv("SPOTWARDEN_SLACK_URL", f"{slack.url}/api/")
        ok, says = look_at_slack(lambda _: Secrets({"SecretString": secret}), "arn")
    assert ok, says
