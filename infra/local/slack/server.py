"""A local Slack: answers the Web API calls of a bot over HTTP, stores the messages, and shows them on a page.

Responses are as Slack's: HTTP 200 with {"ok": false, "error": …} for a refused call, 429 with Retry-After for more than one
message a second in a channel. A message can be posted to the name or the id of a channel, but updated only with the channel's
id. The server can also fail as a network does. Message ids and the rate limit use a given clock.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from infra.local.http_server import HttpServer, Request, Response, json_response, text_response
from infra.local.slack.message import Message, Refused, TooFast, content
from infra.local.slack.page import page
from infra.local.slack.users import Users

POST_INTERVAL = timedelta(seconds=1)  # Slack's documented limit: one message a second for each channel


HOME = "T0"  # the id of the workspace
ME = "U0LOCAL1"  # the id of the page's user


def full_member(who: str, **changes: Any) -> dict[str, Any]:
    """The user object of users.info for a full member of the workspace, with ``changes``, such as for a guest."""
    member = {
        "id": who, "team_id": HOME, "name": who.lower(), "deleted": False, "is_admin": False, "is_owner": False,
        "is_restricted": False, "is_ultra_restricted": False, "is_bot": False, "is_app_user": False,
    }  # fmt: skip
    return {**member, **changes}


class Trouble(Enum):
    """How the local Slack fails when a test sets ``Slack.trouble``."""

    SERVER_ERROR = "answers 500 and an HTML page"
    HANG_UP = "closes the connection without an answer"
    NOT_JSON = "answers 200 and something that is not JSON"
    WAIT_LONG = "answers 429 and asks to wait for more than a day"
    WAIT_ODD = "answers 429 and asks to wait for a time that is not a number"
    OK_IS_TEXT = "answers 200, and its ok is not true but a text"
    PROXY = "is not reached: a proxy answers 400"


@dataclass(slots=True, kw_only=True)
class Slack:
    """A workspace: its messages, and how its calls fail.

    `channels` are the names of all channels; None: the first message to a channel creates it. `limits_rate` enables the rate
    limit. `trouble` is how all calls fail, `trouble_with` returns how a call with some arguments fails. `refuses` is the error
    code for all posts, `closed` has error codes by channel. `native`: whether data_table and data_visualization are accepted.
    `groups` are the members of user groups, `people` the user objects. `asked` are the latest calls.
    """

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    token: str = "xoxb-local"  # noqa: S105  # opens this machine's Slack alone
    channels: frozenset[str] | None = None
    limits_rate: bool = False
    trouble: Trouble | None = None
    trouble_with: Callable[[Mapping[str, Any]], Trouble | None] = lambda _: None
    closed: Mapping[str, str] = field(default_factory=dict)
    native: bool = True
    refuses: str = ""
    groups: dict[str, list[str]] = field(default_factory=dict)
    people: dict[str, Mapping[str, Any]] = field(default_factory=lambda: {ME: full_member(ME)})
    users: Users | None = None
    messages: list[Message] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    asked: deque[tuple[str, Mapping[str, Any]]] = field(default_factory=lambda: deque(maxlen=500))
    url: str = ""
    _ids: dict[str, str] = field(default_factory=dict)
    _next_post_at: dict[str, datetime] = field(default_factory=dict)
    _last_ts: tuple[int, int] = (0, 0)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _server: HttpServer | None = None

    def call(self, method: str, token: str | None, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Run one Web API method. Raises Refused with Slack's error code, or TooFast with the seconds to wait."""
        with self._lock:
            self.calls[method] += 1
            self.asked.append((method, arguments))
            if token is None:
                raise Refused("not_authed")
            if token != self.token:
                raise Refused("invalid_auth")
            if method not in METHODS:
                raise Refused("unknown_method")
            return {"ok": True, **METHODS[method](self, arguments)}

    def auth_test(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Answer auth.test: the workspace and the user of the token."""
        return {"url": f"{self.url}/", "team": "local", "team_id": HOME, "user": "spotwarden", "user_id": "U0"}

    def post(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer chat.postMessage: add a message to a channel, given by its name or its id."""
        if self.refuses:
            raise Refused(self.refuses)
        wanted = str(arguments.get("channel") or "")
        channel = next((name for name, made in self._ids.items() if made == wanted), wanted)
        if channel in self.closed:
            raise Refused(self.closed[channel])
        if not channel or (self.channels is not None and channel not in self.channels):
            raise Refused("channel_not_found")
        text, blocks = content(arguments, native=self.native)
        thread_ts = arguments.get("thread_ts")
        self._limit_rate(channel)
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
        """Answer chat.update: replace the content of a message, given by its channel's id and its ts."""
        text, blocks = content(arguments, native=self.native)
        channel_id = arguments.get("channel")
        if channel_id not in self._ids.values():
            raise Refused("channel_not_found")
        found = [n for n, m in enumerate(self.messages) if (m.channel_id, m.ts) == (channel_id, arguments.get("ts"))]
        if not found:
            raise Refused("message_not_found")
        [number] = found
        old = self.messages[number]
        self._limit_rate(old.channel)
        self.messages[number] = replace(old, text=text, blocks=blocks, edits=old.edits + 1)
        return {"channel": channel_id, "ts": old.ts, "text": text, "message": self.messages[number].to_json()}

    def open_view(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer views.open: show a modal to the user who clicked. A trigger_id can be used once."""
        trigger, view = str(arguments.get("trigger_id")), arguments.get("view")
        view = json.loads(view) if isinstance(view, str) else view
        users = self.users
        if users is None or trigger not in users.triggers:
            raise Refused("invalid_trigger_id")
        if not isinstance(view, dict) or view.get("type") != "modal" or not view.get("blocks"):
            raise Refused("invalid_arguments")
        users.triggers.discard(trigger)
        return {"view": users.show(view)}

    def members(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer usergroups.users.list: the ids of the users in a user group."""
        group = str(arguments.get("usergroup"))
        if group not in self.groups:
            raise Refused("no_such_subteam")
        return {"users": self.groups[group]}

    def user_info(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer users.info: the user object of a user in ``people``."""
        who = str(arguments.get("user"))
        if who not in self.people:
            raise Refused("user_not_found")
        return {"user": self.people[who]}

    def _limit_rate(self, channel: str) -> None:
        now = self.clock()
        wait = self._next_post_at.get(channel, now) - now
        if self.limits_rate and wait > timedelta():
            raise TooFast(-(-wait // timedelta(seconds=1)))
        self._next_post_at[channel] = now + POST_INTERVAL

    def _new_ts(self, now: datetime) -> str:
        second = int(now.timestamp())
        last_second, last_number = self._last_ts
        self._last_ts = (second, 1) if second > last_second else (last_second, last_number + 1)
        return "{}.{:06d}".format(*self._last_ts)

    def serve(self, port: int = 0) -> Slack:
        """Serve on a port of the loopback interface (0: any free port), and set ``url``. The API is at url + "/api/"."""
        self._server = HttpServer(partial(respond, self), port=port)
        self.url = self._server.url
        return self

    def close(self) -> None:
        """Stop the server. The messages are kept."""
        if self._server is not None:
            self._server.close()

    def page(self, *, live: bool = True) -> str:
        """Return the HTML page of all messages. Buttons are enabled only on a ``live`` page."""
        with self._lock:
            shown = [message.to_json() for message in self.messages]
            users = self.users if live else None
            if users is None:
                return page(shown)
            return page(shown, live=True, ephemerals=users.ephemerals[-3:], modals=users.modals)


METHODS: dict[str, Callable[[Slack, Mapping[str, Any]], dict[str, Any]]] = {
    "auth.test": Slack.auth_test,
    "chat.postMessage": Slack.post,
    "chat.update": Slack.update,
    "usergroups.users.list": Slack.members,
    "users.info": Slack.user_info,
    "views.open": Slack.open_view,
}


def respond(slack: Slack, request: Request) -> Response | None:
    """Answer a request for the page, to the API, to a response_url, or from a form on the page. None: close the connection."""
    if request.method == "GET":
        return _get(slack, request.path)
    if request.path.startswith("/do/"):
        return _act(slack, request)
    if request.path.startswith("/response/"):
        if slack.users is not None:
            said = json.loads(request.body or b"{}")
            slack.users.ephemerals.append(str(said.get("text", "")))
            slack.users.ephemeral_blocks.append(said.get("blocks") or [])
        return text_response("ok")
    trouble = slack.trouble or slack.trouble_with(_arguments(request))
    return _call(slack, request) if trouble is None else TROUBLES[trouble]


TROUBLES: Mapping[Trouble, Response | None] = {
    Trouble.SERVER_ERROR: text_response("<html><body>Server Error</body></html>", 500, "text/html"),
    Trouble.NOT_JSON: text_response("<html><body>captive portal</body></html>", 200, "text/html"),
    Trouble.HANG_UP: None,
    Trouble.WAIT_LONG: json_response({"ok": False, "error": "ratelimited"}, 429, **{"Retry-After": "99999"}),
    Trouble.WAIT_ODD: json_response({"ok": False, "error": "ratelimited"}, 429, **{"Retry-After": "soon"}),
    Trouble.OK_IS_TEXT: json_response({"ok": "true", "ts": "1.1", "channel": "C00000000"}),
    Trouble.PROXY: json_response({"error": "bad_request", "message": "the proxy takes no such request"}, 400),
}


def _get(slack: Slack, path: str) -> Response:
    match path:
        case "/":
            return text_response(slack.page(), kind="text/html")
        case "/messages.json":
            return json_response([message.to_json() for message in slack.messages])
        case _:
            return text_response("not found", 404)


def _act(slack: Slack, request: Request) -> Response:
    """Perform the action of a form on the page, and redirect to the page."""
    given = _arguments(request)
    if slack.users is not None:
        slack.users.act(request.path.removeprefix("/do/"), given, slack)
    return Response(status=303, headers={"Location": "/" + (f"#m-{given['ts']}" if "ts" in given else "")})


def _call(slack: Slack, request: Request) -> Response:
    scheme, _, token = request.header("Authorization").partition(" ")
    method = request.path.removeprefix("/api/")
    try:
        return json_response(slack.call(method, token if scheme == "Bearer" else None, _arguments(request)))
    except Refused as refused:
        return json_response({"ok": False, "error": str(refused)})
    except TooFast as too_fast:
        return json_response({"ok": False, "error": "ratelimited"}, 429, **{"Retry-After": str(too_fast.retry_after_s)})


def _arguments(request: Request) -> dict[str, Any]:
    body = request.body.decode()
    if request.header("Content-Type").startswith("application/json"):
        arguments = json.loads(body or "{}")
        return arguments if isinstance(arguments, dict) else {}
    return {name: values[-1] for name, values in parse_qs(body).items()}
