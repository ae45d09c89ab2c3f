"""What people do in the local Slack: press buttons, fill in modals, type commands. Slack tells the app by signed requests."""

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

from infra.local.slack_message import Message

ANSWER_S = 3  # how long Slack waits for an app


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How the app answered: its status (0: not within three seconds, or not at all) and its body."""

    status: int
    body: str

    def json(self) -> Mapping[str, Any]:
        try:
            found = json.loads(self.body or "{}")
        except json.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(slots=True, kw_only=True)
class Wire:
    """The way from Slack to the app: where its routes are, and the secret that both know."""

    clock: Callable[[], datetime]
    url: str = ""
    signing_secret: str = "local-signing-secret"  # noqa: S105  # opens this machine's app alone
    sent: list[Mapping[str, str]] = field(default_factory=list)

    def interaction(self, payload: Mapping[str, Any]) -> Heard:
        return self.send("/slack/interactions", {"payload": json.dumps(payload)})

    def command(self, form: Mapping[str, str]) -> Heard:
        return self.send("/slack/command", form)

    def send(self, path: str, form: Mapping[str, str]) -> Heard:
        """POST a form with Slack's signature."""
        body = urlencode(form)
        return self.post(path, body.encode(), self.signed(body))

    def signed(self, body: str) -> dict[str, str]:
        """Slack's headers over a raw body: v0, HMAC-SHA256, the time in seconds."""
        stamp = str(int(self.clock().timestamp()))
        digest = hmac.new(self.signing_secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return {
            "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}",
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Heard:
        request = urllib.request.Request(self.url + path, data=body, headers=dict(headers), method="POST")  # noqa: S310  # loopback
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:  # noqa: S310  # loopback
                return Heard(status=answer.status, body=answer.read().decode())
        except urllib.error.HTTPError as error:
            return Heard(status=error.code, body=error.read().decode())
        except OSError as error:
            return Heard(status=0, body=type(error).__name__)


class Place(Protocol):
    """What people need of a Slack: its messages, and where it is."""

    messages: list[Message]
    url: str


@dataclass(slots=True, kw_only=True)
class People:
    """The person at the page (or whom a test names). ``after`` is called when something was done: the world goes on."""

    wire: Wire
    me: str = "U0LOCAL1"
    after: Callable[[], object] = lambda: None
    whispers: list[str] = field(default_factory=list)
    modals: dict[str, dict[str, Any]] = field(default_factory=dict)
    triggers: set[str] = field(default_factory=set)
    _counted: int = 0

    def act(self, what: str, given: Mapping[str, str], slack: Place) -> None:
        """Do what a form of the page says."""
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

    def press(self, slack: Place, ts: str, action_id: str, user: str = "") -> Heard:
        """Press a button of a message; what the app says to the one who pressed is in ``whispers``."""
        message = next(m for m in slack.messages if m.ts == ts)
        elements = [e for block in message.blocks if block["type"] == "actions" for e in block["elements"]]
        button = next(e for e in elements if e["action_id"] == action_id)
        trigger = self._trigger()
        payload = {
            "type": "block_actions", "user": {"id": user or self.me}, "team": {"id": "T0"}, "trigger_id": trigger,
            "channel": {"id": message.channel_id, "name": message.channel}, "message": message.to_json(),
            "container": {"type": "message", "message_ts": ts, "channel_id": message.channel_id},
            "response_url": f"{slack.url}/response/{trigger}",
            "actions": [{"type": "button", "action_id": action_id, "value": button["value"], "action_ts": trigger}],
        }  # fmt: skip
        return self._told(self.wire.interaction(payload))

    def show(self, view: Mapping[str, Any]) -> dict[str, Any]:
        """A modal opens."""
        view_id = f"V{self._counted:08d}"
        self.modals[view_id] = {**view, "id": view_id, "errors": {}}
        return self.modals[view_id]

    def submit(self, view_id: str, values: Mapping[str, str], user: str = "") -> Heard:
        """Send a modal's form; errors that the app finds stand in the modal."""
        view = self.modals[view_id]
        elements = {block["block_id"]: block["element"] for block in view["blocks"]}
        state = {block_id: {e["action_id"]: _state_of(e, values)} for block_id, e in elements.items()}
        payload = {"type": "view_submission", "user": {"id": user or self.me}, "view": {**view, "state": {"values": state}}}
        heard = self._told(self.wire.interaction(payload))
        errors = heard.json().get("errors", {}) if heard.json().get("response_action") == "errors" else {}
        if errors or heard.status != 200:
            view["errors"] = errors or {next(iter(elements)): f"The app did not take it ({heard.status})"}
        else:
            del self.modals[view_id]
        return heard

    def command(self, text: str, user: str = "") -> Heard:
        """Type ``/spot`` and some words."""
        form = {"command": "/spot", "text": text, "user_id": user or self.me, "channel_id": "C0", "trigger_id": self._trigger()}
        heard = self._told(self.wire.command(form))
        if heard.status == 200:
            self.whispers.append(str(heard.json().get("text", "")))
        return heard

    def _trigger(self) -> str:
        self._counted += 1
        trigger = f"{int(self.wire.clock().timestamp())}.{self._counted}"
        self.triggers.add(trigger)
        return trigger

    def _told(self, heard: Heard) -> Heard:
        if heard.status != 200:
            self.whispers.append(f"Slackbot: the app did not answer as it should ({heard.status or 'within three seconds'}).")
        return heard


def _state_of(element: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """What a field of a modal holds, as Slack tells it."""
    given = values.get(element["action_id"], "")
    match element["type"]:
        case "static_select":
            return {"type": "static_select", "selected_option": {"value": given} if given else None}
        case "datepicker":
            return {"type": "datepicker", "selected_date": given or None}
        case kind:
            return {"type": kind, "value": given or None}
