"""The Slack adapter calls a local Slack over real HTTP and classifies each of its answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from controller.notifications.block_kit import Page
from controller.runtime.ports.answers import Answer, Done, Later, Refused
from controller.runtime.ports.outbox import Post, WrongChannel
from controller.slack.web_api import SlackChat, rate_limited
from infra.local.http_server import HttpServer, Response
from infra.local.slack.server import Slack, Trouble

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
BLOCK = {"type": "section", "text": {"type": "mrkdwn", "text": "*bert* starved"}}
PAGE = Page(text="*bert* starved", blocks=(BLOCK,))


@pytest.fixture
def slack() -> Iterator[Slack]:
    served = Slack(clock=lambda: NOW, token="xoxb-test").serve()
    yield served
    served.close()


def chat(slack: Slack, token: str = "xoxb-test") -> SlackChat:
    return SlackChat(lambda: token, f"{slack.url}/api/")


def posted(slack: Slack) -> Post:
    answer = chat(slack).post("#ml-spot", PAGE)
    assert isinstance(answer, Done)
    channel_id, _, ts = answer.detail.partition("/")
    return Post(channel_id=channel_id, ts=ts)


def test_a_message_arrives_with_text_and_blocks(slack: Slack) -> None:
    posted(slack)
    [message] = slack.messages
    assert (message.channel, message.text, list(message.blocks)) == ("#ml-spot", "*bert* starved", [BLOCK])


def test_a_reply_is_in_its_thread(slack: Slack) -> None:
    root = posted(slack)
    chat(slack).post("#ml-spot", PAGE, thread_ts=root.ts)
    assert [message.thread_ts for message in slack.messages] == [None, root.ts]


def test_an_edit_replaces_a_message_in_place(slack: Slack) -> None:
    root = posted(slack)
    assert chat(slack).update(root, Page(text="over", blocks=())) == Done()
    assert [(message.text, message.edits) for message in slack.messages] == [("over", 1)]


def test_a_deleted_message_cannot_be_edited(slack: Slack) -> None:
    root = posted(slack)
    slack.messages.clear()
    assert chat(slack).update(root, PAGE) == Refused("Slack says message_not_found")


def test_a_429_is_later_and_carries_the_seconds_that_slack_asks_for(slack: Slack) -> None:
    slack.limits_rate = True
    chat(slack).post("#ml-spot", PAGE)
    assert chat(slack).post("#ml-spot", PAGE) == Later("Slack's rate limit (429)", 1)


@pytest.mark.parametrize("trouble", Trouble)
def test_a_slack_that_fails_or_answers_invalid_json_is_later(slack: Slack, trouble: Trouble) -> None:
    slack.trouble = trouble
    for answer in (
        chat(slack).post("#ml-spot", PAGE),
        chat(slack).update(Post(channel_id="C1", ts="1"), PAGE),
        chat(slack).open("1.2", {"type": "modal"}),
    ):
        assert isinstance(answer, Later)
        assert "Slack" in answer.why


def test_an_unreachable_slack_is_later() -> None:
    answer = SlackChat(lambda: "xoxb-test", "http://127.0.0.1:9/api/").post("#ml-spot", PAGE)
    assert isinstance(answer, Later)


def test_an_answer_to_a_click_that_does_not_arrive_is_later() -> None:
    assert isinstance(
        SlackChat(lambda: "x", "http://127.0.0.1:9/api/").reply_ephemeral("http://127.0.0.1:9/response/1", "Noted."), Later
    )


def test_an_unknown_channel_is_refused_by_name(slack: Slack) -> None:
    slack.channels = frozenset({"#ml-spot"})
    assert chat(slack).post("#nowhere", PAGE) == WrongChannel("Slack says channel_not_found")


def test_a_wrong_token_is_later_because_an_operator_can_correct_it(slack: Slack) -> None:
    assert chat(slack, token="xoxb-wrong").post("#ml-spot", PAGE) == Later("Slack says invalid_auth")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("internal_error", Later), ("missing_scope", Later), ("token_revoked", Later), ("fatal_error", Later),
        ("restricted_action_read_only_channel", WrongChannel), ("restricted_action_thread_only_channel", WrongChannel),
        ("restricted_action_non_threadable_channel", WrongChannel), ("restricted_action_of_next_year", WrongChannel),
        ("channel_is_limited_access", WrongChannel), ("team_access_not_granted", WrongChannel), ("is_archived", WrongChannel),
        ("messages_tab_disabled", WrongChannel), ("invalid_blocks", Refused), ("msg_blocks_too_long", Refused),
        ("invalid_arguments", Refused), ("an_error_of_next_year", Refused), ("external_channel_migrating", Later),
        ("restricted_action_thread_locked", WrongChannel), ("user_disabled", WrongChannel), ("user_not_visible", WrongChannel),
        ("no_permission", WrongChannel), ("access_denied", WrongChannel), ("ekm_access_denied", WrongChannel),
        ("method_not_supported_for_channel_type", WrongChannel), ("too_many_attachments", Refused), ("method_deprecated", Later),
        ("message_limit_exceeded", Later), ("account_inactive", Later),
        ("ratelimited", Later), ("cant_update_message", Refused), ("edit_window_closed", Refused), ("thread_not_found", Refused),
        ("metadata_too_large", Refused), ("slack_connect_file_link_sharing_blocked", Refused), ("no_text", Refused),
    ],
)  # fmt: skip
def test_slack_s_errors_are_of_three_classes(slack: Slack, error: str, kind: type[Answer]) -> None:
    slack.refuses = error
    assert type(chat(slack).post("#ml-spot", PAGE)) is kind


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>Sign in</html>", b"null", b"[]", b'"ok"', b"\xff\xfe", b"[" * 100_000, b'{"ok": false}',
        b'{"ok": false, "error": null}', b'{"ok": false, "error": ["x"]}', b'{"ok": true}', b'{"error": "forbidden"}',
        b'{"ok": "true", "ts": "1.2", "channel": "C1"}', b'{"ok": true, "ts": {"a": 1}, "channel": "C1"}',
    ],
)  # fmt: skip
def test_an_answer_of_200_that_is_not_slack_s_is_no_answer(body: bytes) -> None:
    with HttpServer(lambda _: Response(body=body)) as server:
        assert isinstance(SlackChat(lambda: "xoxb-test", f"{server.url}/api/").post("#ml-spot", PAGE), Later)


def test_a_code_in_any_spelling_is_slack_s_own_where_it_says_ok_false() -> None:
    with HttpServer(lambda _: Response(body=b'{"ok": false, "error": "Message-Blocked.v2"}')) as server:
        assert SlackChat(lambda: "x", f"{server.url}/api/").post("#ml", PAGE) == Refused("Slack says Message-Blocked.v2")
    with HttpServer(lambda _: Response(status=403, body=b'{"error": "forbidden"}')) as server:
        assert SlackChat(lambda: "x", f"{server.url}/api/").post("#ml", PAGE) == Later("Slack says 403")


@pytest.mark.parametrize(
    ("seconds", "after_s"),
    [("0", 0), ("99999", 900), ("3600", 900), ("60", 60), ("-5", 30), ("1.5", 30), ("Wed, 21 Oct 2026 07:28:00 GMT", 30)],
)
def test_a_retry_after_has_a_bound_and_one_that_is_no_number_of_seconds_counts_as_not_said(seconds: str, after_s: int) -> None:
    assert rate_limited({"Retry-After": seconds}).after_s == after_s
    assert rate_limited({}).after_s == 30


@pytest.mark.parametrize(("status", "kind"), [(413, Refused), (431, Refused), (502, Later), (403, Later)])
def test_an_answer_that_is_not_slack_s_own_json_is_about_the_message_where_it_is_too_large(
    status: int, kind: type[Answer]
) -> None:
    with HttpServer(lambda _: Response(status=status, body=b"<html>no</html>", headers={"Content-Type": "text/html"})) as server:
        assert type(SlackChat(lambda: "xoxb-test", f"{server.url}/api/").post("#ml-spot", PAGE)) is kind
