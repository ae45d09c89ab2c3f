"""A local Slack: takes the Web API calls a bot makes over HTTP, keeps the messages, and shows them on a page.

It answers chat.postMessage, chat.update and auth.test as Slack does: HTTP 200 with {"ok": false, "error": …} for a
refused call, 429 with Retry-After when a channel is posted to faster than once a second. A message may be posted to a
channel's name or id, but updated only by the id that the answer to the post gave. It can be told to fail in the ways a
network does. Time, where it matters (message ids, the pace), comes from the clock it is given.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from infra.local.slack_message import Message, Refused, TooFast, content
from infra.local.slack_page import page
from infra.local.slack_people import People

PACE = timedelta(seconds=1)  # Slack's documented limit: one message a second for each channel


class Trouble(Enum):
    """What the local Slack does wrong when told to."""

    SERVER_ERROR = "answers 500 and an HTML page"
    HANG_UP = "closes the connection without an answer"
    NONSENSE = "answers 200 and something that is not JSON"


@dataclass(slots=True, kw_only=True)
class Slack:
    """The state of a workspace: its messages, and the knobs that make it misbehave.

    `paced` turns the rate limit on. `trouble` is what every call meets until it is set to None. A channel is made by its
    first message, unless `channels` lists the names that exist.
    """

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    token: str = "xoxb-local"  # noqa: S105  # opens this machine's Slack alone
    channels: frozenset[str] | None = None
    paced: bool = False
    trouble: Trouble | None = None
    native: bool = True
    groups: dict[str, list[str]] = field(default_factory=dict)
    people: People | None = None
    messages: list[Message] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    url: str = ""
    _ids: dict[str, str] = field(default_factory=dict)
    _next_post_at: dict[str, datetime] = field(default_factory=dict)
    _last_ts: tuple[int, int] = (0, 0)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _server: ThreadingHTTPServer | None = None

    def call(self, method: str, token: str | None, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one Web API method; raises Refused with Slack's error code, TooFast with the seconds to wait."""
        with self._lock:
            self.calls[method] += 1
            if token is None:
                raise Refused("not_authed")
            if token != self.token:
                raise Refused("invalid_auth")
            if method not in METHODS:
                raise Refused("unknown_method")
            return {"ok": True, **METHODS[method](self, arguments)}

    def auth_test(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Say whose token it is."""
        return {"url": f"{self.url}/", "team": "local", "team_id": "T0", "user": "spotwarden", "user_id": "U0"}

    def post(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Add a message to a channel, named by its name or its id."""
        wanted = str(arguments.get("channel") or "")
        channel = next((name for name, made in self._ids.items() if made == wanted), wanted)
        if not channel or (self.channels is not None and channel not in self.channels):
            raise Refused("channel_not_found")
        text, blocks = content(arguments, native=self.native)
        thread_ts = arguments.get("thread_ts")
        self._keep_pace(channel)
        now = self.clock()
        message = Message(
            channel=channel,
            channel_id=self._ids.setdefault(channel, f"C{len(self._ids):08d}"),
            ts=self._new_ts(now),
            text=text,
            blocks=blocks,
            thread_ts=thread_ts,
            posted_at=now,
        )
        self.messages.append(message)
        return {"channel": message.channel_id, "ts": message.ts, "message": message.to_json()}

    def update(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Replace the words of a message, named by its channel's id and its ts."""
        text, blocks = content(arguments, native=self.native)
        channel_id = arguments.get("channel")
        if channel_id not in self._ids.values():
            raise Refused("channel_not_found")
        found = [n for n, m in enumerate(self.messages) if (m.channel_id, m.ts) == (channel_id, arguments.get("ts"))]
        if not found:
            raise Refused("message_not_found")
        [number] = found
        old = self.messages[number]
        self._keep_pace(old.channel)
        self.messages[number] = replace(old, text=text, blocks=blocks, edits=old.edits + 1)
        return {"channel": channel_id, "ts": old.ts, "text": text, "message": self.messages[number].to_json()}

    def open_view(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Show a modal to who clicked; a trigger opens one, once."""
        trigger, view = str(arguments.get("trigger_id")), arguments.get("view")
        view = json.loads(view) if isinstance(view, str) else view
        people = self.people
        if people is None or trigger not in people.triggers:
            raise Refused("invalid_trigger_id")
        if not isinstance(view, dict) or view.get("type") != "modal" or not view.get("blocks"):
            raise Refused("invalid_arguments")
        people.triggers.discard(trigger)
        return {"view": people.show(view)}

    def members(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The users of a user group."""
        group = str(arguments.get("usergroup"))
        if group not in self.groups:
            raise Refused("no_such_subteam")
        return {"users": self.groups[group]}

    def _keep_pace(self, channel: str) -> None:
        now = self.clock()
        wait = self._next_post_at.get(channel, now) - now
        if self.paced and wait > timedelta():
            raise TooFast(-(-wait // timedelta(seconds=1)))
        self._next_post_at[channel] = now + PACE

    def _new_ts(self, now: datetime) -> str:
        second = int(now.timestamp())
        last_second, last_number = self._last_ts
        self._last_ts = (second, 1) if second > last_second else (last_second, last_number + 1)
        return "{}.{:06d}".format(*self._last_ts)

    def serve(self, port: int = 0) -> Slack:
        """Serve on a free port of the loopback interface; `url` then says where. The API is under url + "/api/"."""
        self._server = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"slack": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def close(self) -> None:
        """Stop serving; the messages stay."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def page(self, *, live: bool = True) -> str:
        """Return the HTML page of all messages as they are now; one that is not live is for keeping."""
        with self._lock:
            shown = [message.to_json() for message in self.messages]
            people = self.people if live else None
            return page(shown, live=bool(people), whispers=people.whispers[-3:], modals=people.modals) if people else page(shown)


METHODS: dict[str, Callable[[Slack, Mapping[str, Any]], dict[str, Any]]] = {
    "auth.test": Slack.auth_test,
    "chat.postMessage": Slack.post,
    "chat.update": Slack.update,
    "usergroups.users.list": Slack.members,
    "views.open": Slack.open_view,
}


class _Handler(BaseHTTPRequestHandler):
    """The wire: JSON or form bodies in, JSON out."""

    slack: Slack
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(200, self.slack.page(), "text/html; charset=utf-8")
        elif self.path == "/messages.json":
            shown = [message.to_json() for message in self.slack.messages]
            self._answer(200, json.dumps(shown), "application/json")
        else:
            self._answer(404, "not found", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path.startswith("/do/"):
            self._person(body)
            return
        if self.path.startswith("/response/"):
            if self.slack.people is not None:
                self.slack.people.whispers.append(str(json.loads(body or "{}").get("text", "")))
            self._answer(200, "ok", "text/plain")
            return
        match self.slack.trouble:
            case None:
                self._call(body)
            case Trouble.SERVER_ERROR:
                self._answer(500, "<html><body>Server Error</body></html>", "text/html")
            case Trouble.NONSENSE:
                self._answer(200, "<html><body>captive portal</body></html>", "text/html")
            case Trouble.HANG_UP:
                self.close_connection = True

    def _person(self, body: str) -> None:
        """A person on the page does something, and sees the page again."""
        given, people = self._arguments(body), self.slack.people
        if people is not None:
            people.act(self.path.removeprefix("/do/"), given, self.slack)
        self.send_response(303)
        self.send_header("Location", "/" + (f"#m-{given['ts']}" if "ts" in given else ""))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _call(self, body: str) -> None:
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        method = self.path.removeprefix("/api/")
        try:
            answer = self.slack.call(method, token if scheme == "Bearer" else None, self._arguments(body))
        except Refused as refused:
            answer = {"ok": False, "error": str(refused)}
        except TooFast as too_fast:
            wait = {"Retry-After": str(too_fast.retry_after_s)}
            self._answer(429, json.dumps({"ok": False, "error": "ratelimited"}), "application/json", wait)
            return
        self._answer(200, json.dumps(answer), "application/json")

    def _arguments(self, body: str) -> dict[str, Any]:
        if (self.headers.get("Content-Type") or "").startswith("application/json"):
            arguments = json.loads(body or "{}")
            return arguments if isinstance(arguments, dict) else {}
        return {name: values[-1] for name, values in parse_qs(body).items()}

    def _answer(self, status: int, body: str, kind: str, headers: Mapping[str, str] | None = None) -> None:
        content = body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the page shows what was posted."""
