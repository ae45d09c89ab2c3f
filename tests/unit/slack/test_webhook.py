"""An incoming webhook posts, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from controller.notifications.block_kit import Page, pages
from controller.notifications.parts import Small
from controller.runtime.ports.answers import Done, Later, Refused
from controller.runtime.ports.outbox import Post
from controller.slack.webhook import WebhookChat
from infra.local.http_server import HttpServer, Request, Response

PAGE = Page(text="bert starved", blocks=({"type": "divider"},))


@dataclass
class Hook:
    """A webhook that gives the test's ``answers``, and stores what it receives."""

    url: str = ""
    answers: list[Response] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)

    def respond(self, request: Request) -> Response:
        self.received.append(request.body)
        return self.answers.pop(0)


@pytest.fixture
def hook() -> Iterator[Hook]:
    served = Hook()
    with HttpServer(served.respond) as server:
        served.url = f"{server.url}/hook"
        yield served


def test_a_message_is_posted_and_names_the_channel_it_was_meant_for(hook: Hook) -> None:
    hook.answers.append(Response(body=b"ok"))
    assert isinstance(WebhookChat(hook.url).post("#ml-vision", PAGE), Done)
    assert b"bert starved" in hook.received[0]
    assert b"#ml-vision" in hook.received[0]


@pytest.mark.parametrize(
    ("status", "body", "headers", "answer"),
    [
        (429, "", {"Retry-After": "7"}, Later("Slack's rate limit (429)", 7)),
        (429, "", {"Retry-After": "9" * 20}, Later("Slack's rate limit (429)", 30)),
        (429, "", {"Retry-After": "\N{SUPERSCRIPT TWO}"}, Later("Slack's rate limit (429)", 30)),
        (400, "invalid_blocks", {}, Refused("Slack says invalid_blocks")),
        (404, "no_service", {}, Later("Slack says no_service")),
        (403, "action_prohibited", {}, Later("Slack says action_prohibited")),
        (410, "channel_is_archived", {}, Later("Slack says channel_is_archived")),
        (400, "no_text", {}, Refused("Slack says no_text")),
        (400, "invalid_token\n", {}, Later("Slack says invalid_token\n")),
        (400, "<html>Bad Request</html>", {}, Later("Slack says <html>Bad Request</html>")),
        (200, "<html>Sign in</html>", {}, Later("Slack did not answer: HTTP 200 without its ok")),
        (200, "", {}, Later("Slack did not answer: HTTP 200 without its ok")),
        (200, "ok\n", {}, Done("webhook/0")),
        (413, "", {}, Refused("Slack says 413")),
        (500, "", {}, Later("Slack says 500")),
    ],
)
def test_each_answer_of_a_webhook_is_classified(
    hook: Hook, status: int, body: str, headers: dict[str, str], answer: object
) -> None:
    hook.answers.append(Response(status=status, body=body.encode(), headers=headers))
    assert WebhookChat(hook.url).post("#ml", PAGE) == answer


def test_a_webhook_sends_every_block_of_the_longest_page(hook: Hook) -> None:
    hook.answers.append(Response(body=b"ok"))
    page = pages([Small(f"line {number}") for number in range(80)])[0]
    WebhookChat(hook.url).post("#ml-vision", page)
    sent = json.loads(hook.received[0])["blocks"]
    assert (sent[:-1], len(sent) <= 50) == (list(page.blocks), True)


def test_a_webhook_edits_nothing_and_opens_nothing() -> None:
    chat = WebhookChat("http://127.0.0.1:9/hook")
    refused = Refused("an incoming webhook can only post")
    assert chat.update(Post(channel_id="C", ts="1"), PAGE) == chat.open("1", {}) == chat.reply_ephemeral("u", "w") == refused
    assert isinstance(chat.post("#ml", PAGE), Later)
