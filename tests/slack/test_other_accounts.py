"""One Slack app for many stacks: a click on another account's message is passed on or refused, and never done here."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from controller import wiring
from controller.ledger.entry import UserRequested
from controller.runtime.slack_requests.other_stack import OtherStack
from controller.slack.peers import PASSED_ON, Peers
from infra.local.aws import ACCOUNT, REGION
from infra.local.host import Host
from infra.local.slack.users import Users
from tests.security.lab import lineage_of
from tests.slack.conftest import card, later

FRONT = "999999999999"  # the account of the stack that Slack sends all clicks to


def test_a_click_that_was_passed_on_is_done_by_the_stack_that_posted_the_message(
    host: Host, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTWARDEN_API", "abc123def4")
    address, message = wiring.ports().click_address(), card(host, "stopper")
    urls: list[str] = []

    def network(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        urls.append(url)
        answer = users.app.post("/slack/interactions", body, headers)
        return answer.status, answer.body.encode()

    peers = Peers({ACCOUNT}, lambda: users.app.signing_secret, lambda: False, network)
    [button] = [e for b in message.blocks if b["type"] == "actions" for e in b["elements"] if e["action_id"] == "spotwarden/stop"]
    payload = {"type": "block_actions", "user": {"id": users.me}, "actions": [button]}
    body = f"payload={json.dumps(payload)}"
    signed = {name.lower(): value for name, value in users.app.signed(body).items()}
    passed = peers.pass_on(OtherStack(account=ACCOUNT, region=REGION, address=address), body.encode(), signed)
    assert urls == [f"https://abc123def4.execute-api.{REGION}.amazonaws.com/api/slack/interactions"]
    assert type(passed).__name__ == "Done"
    later(host)
    assert [e.who for e in lineage_of(host, "stopper").entries if isinstance(e, UserRequested)] == [users.me]


def test_a_click_on_the_message_of_another_account_is_never_done_here(
    host: Host, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = card(host, "mover")
    monkeypatch.setenv("SPOTWARDEN_ACCOUNT", FRONT)
    users.press(host.slack, message.ts, "spotwarden/stop")
    assert f"The stack in account {ACCOUNT}" in users.ephemerals[0]
    assert "is not among PeerAccounts" in users.ephemerals[0]
    monkeypatch.setenv("SPOTWARDEN_PEER_ACCOUNTS", ACCOUNT)
    users.press(host.slack, message.ts, "spotwarden/stop")
    assert "the message names no address" in users.ephemerals[1]
    assert not [e for e in lineage_of(host, "mover").entries if isinstance(e, UserRequested)]


def test_a_form_of_another_account_shows_why_it_is_refused(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTWARDEN_ACCOUNT", FRONT)
    value = json.dumps({"lineage": f"{ACCOUNT}/{REGION}/bert/2026-11-16T00:00:00.000000Z", "job": "bert"})
    view = {"callback_id": "spotwarden/waive", "private_metadata": value}
    answer = users.app.interaction({"type": "view_submission", "user": {"id": users.me}, "view": view}).json()
    assert answer["response_action"] == "errors"
    assert "is not among PeerAccounts" in answer["errors"]["policy"]


def test_a_click_that_reaches_a_third_stack_goes_no_further(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTWARDEN_ACCOUNT", FRONT)
    monkeypatch.setenv("SPOTWARDEN_PEER_ACCOUNTS", ACCOUNT)
    value = json.dumps({"lineage": f"{ACCOUNT}/{REGION}/bert/2026-11-16T00:00:00.000000Z", "job": "bert"})
    view = {"callback_id": "spotwarden/waive", "private_metadata": value}
    body = f"payload={json.dumps({'type': 'view_submission', 'user': {'id': users.me}, 'view': view})}"
    answer = users.app.post("/slack/interactions", body.encode(), {**users.app.signed(body), PASSED_ON: "1"})
    assert "another stack has already passed it on" in answer.body
