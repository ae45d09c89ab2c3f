"""A click is passed on only to a stack of the app, in a listed account, and only once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

import pytest

from controller.runtime.ports.all_ports import Home
from controller.runtime.ports.answers import Done, Later, Refused
from controller.runtime.slack_requests.other_stack import OtherStack, other_stack_of
from controller.slack.peers import PASSED_ON, Peers, sealed
from tests.builders import lineage_id

SECRET = "the app's signing secret"
ACCOUNT, REGION, API = "222222222222", "eu-west-1", "abc123def4"
HEADERS = {"x-slack-signature": "v0=1", "x-slack-request-timestamp": "1", "content-type": "form", "cookie": "secret", "host": "a"}
WHOSE = OtherStack(account=ACCOUNT, region=REGION, address=sealed(API, ACCOUNT, REGION, SECRET))


class Network:
    """Stores what was sent, and gives a certain answer."""

    def __init__(self, answer: tuple[int, bytes] | Exception = (200, b"")) -> None:
        self.answer = answer
        self.sent: list[tuple[str, bytes, Mapping[str, str]]] = []

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        self.sent.append((url, body, headers))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def peers(network: Network, *accounts: str, secret: str = SECRET) -> Peers:
    return Peers(accounts or (ACCOUNT,), lambda: secret, lambda: False, network)


def test_the_request_goes_on_as_slack_signed_it_and_with_no_other_header() -> None:
    network = Network((200, b'{"response_action": "clear"}'))
    passed = peers(network).pass_on(WHOSE, b"payload=1", HEADERS)
    assert passed == Done('{"response_action": "clear"}')
    [(url, body, headers)] = network.sent
    assert (url, body) == (f"https://{API}.execute-api.eu-west-1.amazonaws.com/api/slack/interactions", b"payload=1")
    assert headers == {
        "x-slack-signature": "v0=1", "x-slack-request-timestamp": "1", "content-type": "form", PASSED_ON: "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "whose",
    [
        OtherStack(account=ACCOUNT, region=REGION, address=""),
        OtherStack(account=ACCOUNT, region=REGION, address=API),
        OtherStack(account=ACCOUNT, region=REGION, address=f"{API}/{'0' * 32}"),
        OtherStack(account=ACCOUNT, region=REGION, address=sealed(API, ACCOUNT, REGION, "another app's secret")),
        OtherStack(account=ACCOUNT, region=REGION, address=sealed(API, ACCOUNT, "us-east-1", SECRET)),
        OtherStack(account=ACCOUNT, region=REGION, address=sealed(API, "111111111111", REGION, SECRET)),
        OtherStack(account=ACCOUNT, region=REGION, address=sealed("evil.example/x?", ACCOUNT, REGION, SECRET)),
        OtherStack(account=ACCOUNT, region=REGION, address=sealed("a.b", ACCOUNT, REGION, SECRET)),
        OtherStack(account=ACCOUNT, region=REGION, address=f"{API}/ü"),
        OtherStack(account=ACCOUNT, region="x.evil.example/", address=sealed(API, ACCOUNT, "x.evil.example/", SECRET)),
        OtherStack(account="333333333333", region=REGION, address=sealed(API, "333333333333", REGION, SECRET)),
    ],
)
def test_an_address_that_no_stack_of_the_app_sealed_or_of_an_account_that_is_not_listed_is_not_called(whose: OtherStack) -> None:
    network = Network()
    assert isinstance(peers(network).pass_on(whose, b"", HEADERS), Refused)
    assert network.sent == []


def test_a_request_that_was_passed_on_is_not_passed_on_again() -> None:
    network = Network()
    assert isinstance(peers(network).pass_on(WHOSE, b"", {**HEADERS, PASSED_ON: "1"}), Refused)
    assert network.sent == []


def test_without_a_signing_secret_nothing_is_sealed_and_nothing_passed_on() -> None:
    network = Network()
    assert sealed(API, ACCOUNT, REGION, "") == sealed("", ACCOUNT, REGION, SECRET) == ""
    assert isinstance(peers(network, secret="").pass_on(WHOSE, b"", HEADERS), Refused)
    assert network.sent == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, b"{}"), Done),
        ((200, b"[]"), Refused),
        ((200, b"<html>"), Refused),
        ((200, b'{"a": "' + b"x" * 100_000 + b'"}'), Refused),
        ((301, b""), Refused),
        ((401, b""), Refused),
        ((403, b""), Refused),
        ((429, b""), Later),
        ((502, b""), Later),
        (TimeoutError(), Later),
        (URLError("no route"), Later),
        (HTTPException(), Later),
    ],
)
def test_every_answer_of_the_other_stack_is_one_of_three(answer: tuple[int, bytes] | Exception, kind: type) -> None:
    assert isinstance(peers(Network(answer)).pass_on(WHOSE, b"", HEADERS), kind)


LINEAGE = lineage_id()
HOME = Home(account=LINEAGE.account, region=LINEAGE.region)
VALUE: dict[str, Any] = {"lineage": str(LINEAGE), "job": "bert", "at": "a/b"}


def click(value: object, action: str = "spotwarden/stop") -> dict[str, Any]:
    return {"type": "block_actions", "actions": [{"action_id": action, "value": value}]}


def test_a_click_is_of_the_stack_whose_account_and_region_its_lineage_has() -> None:
    payload = click(json.dumps(VALUE))
    assert other_stack_of(payload, HOME) is None
    assert other_stack_of(payload, Home()) is None  # a stack that does not know itself passes nothing on
    found = OtherStack(account=LINEAGE.account, region=LINEAGE.region, address="a/b")
    assert other_stack_of(payload, Home(account="999999999999", region=LINEAGE.region)) == found
    assert other_stack_of(payload, Home(account=LINEAGE.account, region="eu-west-3")) == found
    form = {"type": "view_submission", "view": {"callback_id": "spotwarden/waive", "private_metadata": json.dumps(VALUE)}}
    assert other_stack_of(form, Home(account="999999999999", region="eu-west-3")) == found


@pytest.mark.parametrize(
    "payload",
    [
        {}, {"type": "block_actions"}, {"type": "block_actions", "actions": []}, {"type": "block_actions", "actions": [1]},
        click(None), click("[]"), click("{"), click('{"lineage": 1}'), click("[" * 99_999),
        click(json.dumps(VALUE), "other/stop"),
        {"type": "view_submission"}, {"type": "view_submission", "view": 1}, {"type": "view_closed", "actions": "x"},
        {"type": "view_submission", "view": {"callback_id": "another", "private_metadata": json.dumps(VALUE)}},
    ],
)  # fmt: skip
def test_what_is_no_click_of_this_app_is_left_to_this_stack(payload: dict[str, Any]) -> None:
    assert other_stack_of(payload, Home(account="999999999999", region="eu-west-3")) is None


def test_an_address_that_is_no_text_is_no_address() -> None:
    found = other_stack_of(click(json.dumps(VALUE | {"at": {"x": 1}})), Home(account="999999999999", region="eu-west-3"))
    assert found is not None
    assert found.address == ""
