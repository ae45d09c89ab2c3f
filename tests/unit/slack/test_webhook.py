"""An incoming webhook posts, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from controller.notifications.block_kit import Page
from controller.runtime.ports import Done, Later, Post, Refused
from controller.slack.webhook import WebhookChat

PAGE = Page(text="bert starved", blocks=({"type": "divider"},))


class Hook(BaseHTTPRequestHandler):
    said: list[tuple[int, str, dict[str, str]]]
    heard: list[bytes]

    def do_POST(self) -> None:
        self.heard.append(self.rfile.read(int(self.headers["Content-Length"])))
        status, body, headers = self.said.pop(0)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[tuple[str, type[Hook]]]:
    handler = type("Handler", (Hook,), {"said": [], "heard": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", handler
    server.shutdown()
    server.server_close()


def test_a_message_is_posted_and_names_the_channel_it_was_meant_for(hook: tuple[str, type[Hook]]) -> None:
    hook[1].said.append((200, "ok", {}))
    assert isinstance(WebhookChat(hook[0]).post("#ml-vision", PAGE), Done)
    assert b"bert starved" in hook[1].heard[0]
    assert b"#ml-vision" in hook[1].heard[0]


@pytest.mark.parametrize(
    ("status", "body", "headers", "answer"),
    [
        (429, "", {"Retry-After": "7"}, Later("Slack's rate limit (429)", 7)),
        (400, "invalid_blocks", {}, Refused("Slack says invalid_blocks")),
        (404, "no_service", {}, Later("Slack says no_service")),
        (500, "", {}, Later("Slack says 500")),
    ],
)
def test_what_a_webhook_answers_is_sorted(
    hook: tuple[str, type[Hook]], status: int, body: str, headers: dict[str, str], answer: object
) -> None:
    hook[1].said.append((status, body, headers))
    assert WebhookChat(hook[0]).post("#ml", PAGE) == answer


def test_a_webhook_edits_nothing_and_opens_nothing() -> None:
    chat = WebhookChat("http://127.0.0.1:9/hook")
    refused = Refused("an incoming webhook can only post")
    assert chat.update(Post(channel_id="C", ts="1"), PAGE) == chat.open("1", {}) == chat.reply_ephemeral("u", "w") == refused
    assert isinstance(chat.post("#ml", PAGE), Later)
