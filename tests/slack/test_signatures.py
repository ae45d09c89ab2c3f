"""Only requests that Slack signed are accepted, once and within five minutes; no secret is ever logged."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import wiring
from controller.slack.web_api import CLICK_TIMEOUT_S
from infra.local.host import Host
from infra.local.slack.users import Users

PATHS = ("/slack/interactions", "/slack/command")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_an_unsigned_request_is_refused(users: Users) -> None:
    for path in PATHS:
        assert users.app.post(path, b"text=help", FORM).status == 401


def test_a_forged_signature_is_refused(users: Users) -> None:
    signed = users.app.signed("text=help")
    forged = {**signed, "X-Slack-Signature": "v0=" + "0" * 64}
    assert users.app.post("/slack/command", b"text=help", forged).status == 401


def test_a_body_changed_after_its_signature_is_refused(users: Users) -> None:
    assert users.app.post("/slack/command", b"text=waivers", users.app.signed("text=help")).status == 401


def test_a_request_older_than_five_minutes_is_refused(host: Host, users: Users) -> None:
    signed = users.app.signed("text=help")
    host.clock.at += timedelta(minutes=5, seconds=2)
    assert users.app.post("/slack/command", b"text=help", signed).status == 401


def test_a_request_from_the_future_is_refused(host: Host, users: Users) -> None:
    host.clock.at += timedelta(minutes=10)
    signed = users.app.signed("text=help+later")
    host.clock.at -= timedelta(minutes=10)
    assert users.app.post("/slack/command", b"text=help+later", signed).status == 401


def test_a_repeated_request_is_refused(users: Users) -> None:
    signed = users.app.signed("text=help&n=1")
    assert users.app.post("/slack/command", b"text=help&n=1", signed).status == 200
    assert users.app.post("/slack/command", b"text=help&n=1", signed).status == 401


def test_an_oversized_request_is_refused(users: Users) -> None:
    body = urlencode({"text": "x" * 600_000})
    assert users.app.post("/slack/command", body.encode(), users.app.signed(body)).status == 413


@pytest.mark.parametrize(
    "payload",
    [
        "", "null", "[]", "{", '"x"', "{}", '{"type": "block_actions"}', '{"type": "block_actions", "actions": [1]}',
        '{"type": "view_submission", "view": {"callback_id": "spotwarden/waive", "private_metadata": "{}"}}',
        '{"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "spotwarden/explode", "value": "{}"}]}',
        '{"type": "block_actions", "user": {"id": "<@U1>"}, "actions": [{"action_id": "spotwarden/stop", "value": "{}"}]}',
        "[" * 5000,
    ],
)  # fmt: skip
def test_a_malformed_payload_is_refused_with_a_reason(users: Users, payload: str) -> None:
    heard = users.app.send("/slack/interactions", {"payload": payload})
    assert heard.status == 400
    assert "wanted" in heard.body or "JSON" in heard.body


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["type", "user", "actions", "view", "trigger_id", "response_url", "channel"])
TYPES = st.sampled_from(["block_actions", "view_submission", "view_closed", "shortcut"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(KEYS, JUNK, max_size=6), TYPES)
def test_no_payload_makes_the_route_fail(users: Users, payload: dict[str, object], kind: str) -> None:
    heard = users.app.send("/slack/interactions", {"payload": json.dumps({**payload, "type": kind})})
    assert heard.status in (200, 400, 401)  # 401: the same bytes a second time


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80))
def test_no_unsigned_request_is_accepted(users: Users, body: bytes, signature: str) -> None:
    headers = {**FORM, "X-Slack-Request-Timestamp": "1", "X-Slack-Signature": signature}
    assert users.app.post("/slack/interactions", body, headers).status in (400, 401)


def test_no_token_secret_or_signature_is_in_any_log_line(host: Host, users: Users) -> None:
    users.command("help")
    host.log.flush()
    logged = Path(host.log.name).read_text("utf-8")
    assert "sweep" in logged
    for secret in ("xoxb-", users.app.signing_secret, "v0=", "response_url", "X-Slack"):
        assert secret.lower() not in logged.lower()


def test_a_click_is_answered_within_three_seconds_even_if_aws_is_slow() -> None:
    """No call begins after the handler's time limit; the last call takes its timeouts at most; then one answer goes to Slack."""
    aws_s = (
        wiring.SLACK_TIME_LIMIT.total_seconds()
        + wiring.SLACK_CLIENT_CONFIG.connect_timeout
        + wiring.SLACK_CLIENT_CONFIG.read_timeout
    )
    assert wiring.SLACK_CLIENT_CONFIG.retries == {"mode": "standard", "total_max_attempts": 1}
    assert aws_s + CLICK_TIMEOUT_S < 3


def test_where_aws_does_not_answer_the_user_is_told_and_nothing_is_lost(host: Host, users: Users) -> None:
    before = wiring.SLACK_TIME_LIMIT
    try:
        wiring.SLACK_TIME_LIMIT = timedelta(seconds=-1)  # as if the first call had taken too long
        users.command("waivers")
        assert users.ephemerals[-1] == "AWS did not answer in time. Try again."
    finally:
        wiring.SLACK_TIME_LIMIT = before
