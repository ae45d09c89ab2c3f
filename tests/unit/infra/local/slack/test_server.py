"""The local Slack answers slack_sdk as Slack does, fails as a test wants it, and escapes messages on its page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import RemoteDisconnected
from typing import Any
from urllib.request import urlopen

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from infra.local.slack.mrkdwn import mrkdwn
from infra.local.slack.page import page
from infra.local.slack.server import Slack, Trouble

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Clock:
    """A clock that only the test moves."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def slack() -> Iterator[Slack]:
    served = Slack(clock=Clock()).serve()
    yield served
    served.close()


def client(slack: Slack, token: str | None = None) -> WebClient:
    return WebClient(token=token or slack.token, base_url=f"{slack.url}/api/", retry_handlers=[])


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_a_posted_message_is_kept_with_its_channel_and_thread(slack: Slack) -> None:
    web = client(slack)
    first = web.chat_postMessage(channel="#ml-spot", text="stopped train-bert", blocks=[section("*stopped*")])
    web.chat_postMessage(channel=first["channel"], text="approve?", thread_ts=first["ts"])
    root, reply = slack.messages
    assert (root.channel, root.text, root.blocks) == ("#ml-spot", "stopped train-bert", (section("*stopped*"),))
    assert (reply.channel, reply.thread_ts, reply.ts > root.ts) == ("#ml-spot", root.ts, True)


def test_an_update_replaces_the_content_of_a_message_in_place(slack: Slack) -> None:
    web = client(slack)
    posted = web.chat_postMessage(channel="#ml-spot", text="starved")
    web.chat_update(channel=posted["channel"], ts=posted["ts"], text="running again")
    [message] = slack.messages
    assert (message.text, message.ts, message.edits) == ("running again", posted["ts"], 1)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda web: web.chat_postMessage(channel="#nowhere", text="x"), "channel_not_found"),
        (lambda web: web.chat_postMessage(channel="#ml-spot", text="", blocks=[]), "no_text"),
        (lambda web: web.chat_postMessage(channel="#ml-spot", text="x" * 40_001), "msg_too_long"),
        (lambda web: web.chat_postMessage(channel="#ml-spot", text="x", blocks=[section("x" * 3001)]), "invalid_blocks"),
        (lambda web: web.chat_postMessage(channel="#ml-spot", text="x", blocks=[{"type": "novel"}]), "invalid_blocks"),
        (lambda web: web.chat_update(channel="#ml-spot", ts="1.0", text="x"), "channel_not_found"),
        (lambda web: web.chat_update(channel="C00000000", ts="1.0", text="x"), "message_not_found"),
        (lambda web: web.conversations_list(), "unknown_method"),
    ],
)
@pytest.mark.filterwarnings("ignore:The top-level `text` argument")  # one case makes this mistake
def test_a_call_slack_would_refuse_is_refused_with_its_code(slack: Slack, call: Callable[[WebClient], Any], error: str) -> None:
    slack.channels = frozenset({"#ml-spot"})
    client(slack).chat_postMessage(channel="#ml-spot", text="first")
    with pytest.raises(SlackApiError) as refused:
        call(client(slack))
    assert refused.value.response["error"] == error
    assert len(slack.messages) == 1


def test_a_wrong_token_is_refused(slack: Slack) -> None:
    with pytest.raises(SlackApiError, match="invalid_auth"):
        client(slack, token="xoxb-other").auth_test()


def test_a_second_message_within_a_second_is_answered_with_retry_after(slack: Slack) -> None:
    slack.limits_rate = True
    web = client(slack)
    web.chat_postMessage(channel="#ml-spot", text="one")
    with pytest.raises(SlackApiError) as limited:
        web.chat_postMessage(channel="#ml-spot", text="two")
    assert (limited.value.response.status_code, limited.value.response.headers["Retry-After"]) == (429, "1")
    web.chat_postMessage(channel="#other", text="another channel has its own pace")
    slack.clock.now += timedelta(seconds=1)  # type: ignore[attr-defined]
    web.chat_postMessage(channel="#ml-spot", text="two")
    assert [m.text for m in slack.messages if m.channel == "#ml-spot"] == ["one", "two"]


def test_slack_can_fail_in_each_way_and_stores_nothing_then(slack: Slack) -> None:
    for trouble, error in (
        (Trouble.SERVER_ERROR, SlackApiError),
        (Trouble.NOT_JSON, SlackApiError),
        (Trouble.HANG_UP, RemoteDisconnected),
    ):
        slack.trouble = trouble
        with pytest.raises(error):
            client(slack).chat_postMessage(channel="#ml-spot", text="lost")
    for slack.trouble in Trouble:
        with suppress(SlackApiError, RemoteDisconnected):  # slack_sdk does not notice an ok that is a text
            client(slack).chat_postMessage(channel="#ml-spot", text="lost")
    slack.trouble = None
    client(slack).chat_postMessage(channel="#ml-spot", text="kept")
    assert [m.text for m in slack.messages] == ["kept"]


def test_the_page_and_the_messages_are_served_live(slack: Slack) -> None:
    client(slack).chat_postMessage(channel="#ml-spot", text="stopped *train-bert*")
    assert "stopped <b>train-bert</b>" in read(slack, "/").decode()
    assert [m["text"] for m in json.loads(read(slack, "/messages.json"))] == ["stopped *train-bert*"]


def read(slack: Slack, path: str) -> bytes:
    with urlopen(slack.url + path) as answer:  # noqa: S310  # this machine's own page
        return bytes(answer.read())


def message(text: str, **more: Any) -> dict[str, Any]:
    return {"channel": "#ml-spot", "ts": "1795348800.000001", "text": text, **more}


def test_the_page_has_a_section_for_each_channel_and_threads_under_their_message() -> None:
    shown = page(
        [
            message("the job starved"),
            message("it runs again", ts="1795348801.000001", thread_ts="1795348800.000001"),
            message("digest", channel="#ml-costs"),
        ]
    )
    assert shown.index("#ml-costs") < shown.index("#ml-spot")
    assert shown.index("the job starved") < shown.index("<details>") < shown.index("it runs again")


def test_every_kind_of_block_is_shown() -> None:
    fields = {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Team* vision"}, {"type": "plain_text", "text": "*"}]}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": ":octagonal_sign: Stopped"}},
        section("*why*: no checkpoint"),
        fields,
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "_policy_ `r1`"}]},
    ]
    shown = page([message("fallback", blocks=blocks)])
    for html in (
        "<h3>🛑 Stopped</h3>",
        "<b>why</b>: no checkpoint",
        "<p><b>Team</b> vision</p><p>*</p>",
        "<hr>",
        "<i>policy</i>",
    ):
        assert html in shown
    assert "fallback" not in shown


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "*<img src=x onerror=alert(1)>*", "`<b>`", '<https://x.example/"onmouseover=alert(1)|hi>'],
)
def test_no_message_puts_html_on_the_page(text: str) -> None:
    shown = page([message(text, channel="#<i>x</i>", blocks=[section(text)])])
    assert not any(bad in shown for bad in ("<script", "<img", "<b></b>", '"onmouseover', "#<i>"))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* and _it_ and ~no~", "<b>bold</b> and <i>it</i> and <s>no</s>"),
        ("`a*b*c`", "<code>a*b*c</code>"),
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        ("<https://x.example/a?b=1&c=2|*docs*>", '<a href="https://x.example/a?b=1&amp;c=2" rel="noreferrer"><b>docs</b></a>'),
        (":repeat: :unheard_of: 12:30:45", "🔁 :unheard_of: 12:30:45"),
        ("a &lt; b &amp; c", "a &lt; b &amp; c"),
        ("```\nfix: 1\nthen: 2\n```", "<pre>fix: 1<br>then: 2</pre>"),
        ("one\ntwo", "one<br>two"),
    ],
)
def test_markup_is_shown_as_slack_shows_it(text: str, html: str) -> None:
    assert mrkdwn(text) == html
