"""Slack's secret has one of three forms; a secret of another form is refused, and never quoted."""

from __future__ import annotations

import json
import re

import pytest

from controller.slack.secret import WANTED, secret_in

TOKEN = "xoxb-1-2-abc"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ({"bot_token": TOKEN, "signing_secret": "s"}, {"bot_token": TOKEN, "signing_secret": "s"}),
        ({"bot_token": f" {TOKEN}\n", "signing_secret": "s\n"}, {"bot_token": TOKEN, "signing_secret": "s"}),
        (f"{TOKEN}\n", {"bot_token": TOKEN, "signing_secret": ""}),
        ({"webhook_url": "https://hooks.slack.com/services/T/B/x"}, {"webhook_url": "https://hooks.slack.com/services/T/B/x"}),
        ({"bot_token": TOKEN, "signing_secret": "s", "made": 2026}, {"bot_token": TOKEN, "signing_secret": "s"}),
    ],
)
def test_a_secret_is_an_object_a_token_or_a_webhook(text: object, found: dict[str, str]) -> None:
    assert secret_in(text if isinstance(text, str) else json.dumps(text)) == found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the Slack secret is empty or not text (SecretBinary is not read)"),
        (" \n", "the Slack secret is empty or not text"),
        ('{"bot_token": "xoxb-hidden', "the Slack secret begins like JSON but is not valid JSON"),
        ('{"a":' * 100_000, "the Slack secret begins like JSON but is not valid JSON"),
        ('{"bot_token": "xoxb-hidden"}', "the Slack secret has no signing_secret"),
        ('{"token": "xoxb-hidden"}', "the Slack secret has no bot_token"),
        ('{"bot_token": ["xoxb-hidden"], "signing_secret": "s"}', "the Slack secret has no bot_token"),
        ('{"bot_token": "", "signing_secret": "s"}', "the bot_token of the Slack secret is empty"),
        ('{"bot_token": " ", "signing_secret": "s"}', "the bot_token of the Slack secret is empty"),
        ('{"webhook_url": ""}', "the webhook_url of the Slack secret is empty"),
        ('"xoxb-hidden"', "the bot_token of the Slack secret has quotes"),
        ('["xoxb-hidden"]', "the bot_token of the Slack secret has quotes, brackets"),
        ("xoxb-hidden and more", "the bot_token of the Slack secret has quotes, brackets, spaces"),
        ('{"bot_token": "xoxb-hidden…", "signing_secret": "s"}', "the bot_token of the Slack secret has quotes"),
    ],
)
def test_another_text_is_refused_with_what_is_wanted_and_without_its_value(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(told)}") as refused:
        secret_in(text)
    assert str(refused.value).endswith(WANTED)
    assert "hidden" not in str(refused.value)
