"""The users of the local Slack: they press buttons, fill in modals and type commands. Slack sends each action to the app with a
signature.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from infra.local.slack.message import Message

ANSWER_S = 60  # Slack waits for three seconds, but a busy machine may need as long to import a module


@dataclass(frozen=True, slots=True, kw_only=True)
class AppResponse:
    """The app's response: its HTTP status (0: no response in time) and its body."""

    status: int
    body: str

    def json(self) -> Mapping[str, Any]:
        """The body as a JSON object; empty if it is none."""
        try:
            found = json.loads(self.body or "{}")
        except json.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(slots=True, kw_only=True)
class AppRequests:
    """Sends signed requests to the app. ``url`` is the URL of its routes, ``signing_secret`` the shared secret."""

    clock: Callable[[], datetime]
    url: str = ""
    signing_secret: str = "local-signing-secret"  # noqa: S105  # opens this machine's app alone
    sent: list[Mapping[str, str]] = field(default_factory=list)

    def interaction(self, payload: Mapping[str, Any]) -> AppResponse:
        """Send an interaction, such as a click."""
        return self.send("/slack/interactions", {"payload": json.dumps(payload)})

    def command(self, form: Mapping[str, str]) -> AppResponse:
        """Send a slash command."""
        return self.send("/slack/command", form)

    def send(self, path: str, form: Mapping[str, str]) -> AppResponse:
        """POST a form with Slack's signature."""
        body = urlencode(form)
        return self.post(path, body.encode(), self.signed(body))

    def signed(self, body: str) -> dict[str, str]:
        """Return the headers for a body with Slack's signature (v0: HMAC-SHA256 over the time in seconds and the body)."""
        stamp = str(int(self.clock().timestamp()))
        digest = hmac.new(self.signing_secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return {
            "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}",
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> AppResponse:
        """POST a body with these headers. Without a response in time, the status is 0."""
        request = urllib.request.Request(self.url + path, data=body, headers=dict(headers), method="POST")  # noqa: S310  # loopback
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:  # noqa: S310  # loopback
                return AppResponse(status=answer.status, body=answer.read().decode())
        except urllib.error.HTTPError as error:
            return AppResponse(status=error.code, body=error.read().decode())
        except OSError as error:
            return AppResponse(status=0, body=type(error).__name__)


class Workspace(Protocol):
    """The part of a Slack that ``Users`` needs."""

    messages: list[Message]
    url: str


@dataclass(slots=True, kw_only=True)
class Users:
    """The users who act: ``me`` on the page, or a user that a test names. ``after`` is called after each action on the page.

    ``ephemerals`` are the responses that only the user sees, ``modals`` the open forms, ``triggers`` the unused trigger ids.
    """

    app: AppRequests
    me: str = "U0LOCAL1"
    after: Callable[[], object] = lambda: None
    ephemerals: list[str] = field(default_factory=list)
    ephemeral_blocks: list[list[dict[str, Any]]] = field(default_factory=list)
    modals: dict[str, dict[str, Any]] = field(default_factory=dict)
    triggers: set[str] = field(default_factory=set)
    _count: int = 0

    def act(self, what: str, given: Mapping[str, str], slack: Workspace) -> None:
        """Perform the action of a form on the page."""
        match what:
            case "press":
                self.press(slack, given["ts"], given["action_id"])
            case "submit":
                self.submit(given["view"], given)
            case "cancel":
                self.modals.pop(given["view"], None)
            case "command":
                self.command(given.get("text", ""))
        self.after()

    def press(self, slack: Workspace, ts: str, action_id: str, user: str = "") -> AppResponse:
        """Press a button of a message. Responses of the app to this user alone are added to ``ephemerals``."""
        message = next(m for m in slack.messages if m.ts == ts)
        elements = [e for block in message.blocks if block["type"] == "actions" for e in block["elements"]]
        button = next(e for e in elements if e["action_id"] == action_id)
        trigger = self.new_trigger()
        payload = {
            "type": "block_actions", "user": {"id": user or self.me}, "team": {"id": "T0"}, "trigger_id": trigger,
            "channel": {"id": message.channel_id, "name": message.channel}, "message": message.to_json(),
            "container": {"type": "message", "message_ts": ts, "channel_id": message.channel_id},
            "response_url": f"{slack.url}/response/{trigger}",
            "actions": [{"type": "button", "action_id": action_id, "value": button["value"], "action_ts": trigger}],
        }  # fmt: skip
        return self._reported(self.app.interaction(payload))

    def show(self, view: Mapping[str, Any]) -> dict[str, Any]:
        """Open a modal, and return the view with its id."""
        view_id = f"V{self._count:08d}"
        self.modals[view_id] = {**view, "id": view_id, "errors": {}}
        return self.modals[view_id]

    def submit(self, view_id: str, values: Mapping[str, str], user: str = "") -> AppResponse:
        """Submit a modal. If the app returns errors, the modal stays open and shows them."""
        view = self.modals[view_id]
        elements = {block["block_id"]: block["element"] for block in view["blocks"]}
        state = {block_id: {e["action_id"]: _state_of(e, values)} for block_id, e in elements.items()}
        payload = {"type": "view_submission", "user": {"id": user or self.me}, "view": {**view, "state": {"values": state}}}
        response = self._reported(self.app.interaction(payload))
        errors = response.json().get("errors", {}) if response.json().get("response_action") == "errors" else {}
        if errors or response.status != 200:
            view["errors"] = errors or {next(iter(elements)): f"The app refused it ({response.status})"}
        else:
            del self.modals[view_id]
        return response

    def command(self, text: str, user: str = "") -> AppResponse:
        """Type the command ``/spot`` with a text."""
        form = {
            "command": "/spot",
            "text": text,
            "user_id": user or self.me,
            "channel_id": "C0",
            "trigger_id": self.new_trigger(),
        }
        response = self._reported(self.app.command(form))
        if response.status == 200:
            self.ephemerals.append(str(response.json().get("text", "")))
        return response

    def new_trigger(self) -> str:
        """Make the trigger_id of a click or a command, with which the app can open a modal."""
        self._count += 1
        trigger = f"{int(self.app.clock().timestamp())}.{self._count}"
        self.triggers.add(trigger)
        return trigger

    def _reported(self, response: AppResponse) -> AppResponse:
        if response.status != 200:
            self.ephemerals.append(f"Slackbot: the app answered {response.status or 'nothing in time'}.")
        return response


def _state_of(element: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The state of a modal's field in the form in which Slack sends it."""
    given = values.get(element["action_id"], "")
    match element["type"]:
        case "static_select":
            return {"type": "static_select", "selected_option": {"value": given} if given else None}
        case "datepicker":
            return {"type": "datepicker", "selected_date": given or None}
        case kind:
            return {"type": kind, "value": given or None}
