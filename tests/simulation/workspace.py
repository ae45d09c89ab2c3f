"""Slack in the simulation: the real adapter with slack_sdk, and the local Slack in this process, without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from functools import partial
from http.client import RemoteDisconnected
from random import Random
from typing import Any
from urllib.parse import urlencode, urlparse

from slack_sdk import WebClient

from controller.slack.web_api import SlackChat
from infra.local.http_server import Request
from infra.local.slack.server import Slack, Trouble, respond
from tests.simulation.lambdas import Lambdas

TOKEN = "xoxb-local"
CLOSED = {"#closed": "channel_not_found", "#read-only": "restricted_action_read_only_channel"}


class InProcess(WebClient):
    """slack_sdk's client, with a function that answers its requests."""

    def __init__(self, answer: Callable[[Request], Any], **settings: Any) -> None:
        super().__init__(**settings)
        self._answer = answer

    def _perform_urllib_http_request(self, *, url: str, args: dict[str, dict[str, Any]]) -> dict[str, Any]:
        headers = Message()
        for name, value in args["headers"].items():
            headers[name] = str(value)
        body = json.dumps(args["json"]) if args["json"] else urlencode(args["params"] or {})
        response = self._answer(Request(method="POST", path=urlparse(url).path, headers=headers, body=body.encode()))
        if response is None:
            raise RemoteDisconnected("the connection was closed")
        return {"status": response.status, "headers": dict(response.headers), "body": response.body.decode()}


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that Slack accepted."""

    channel: str
    text: str


class Workspace(SlackChat):
    """The Chat port. All channels but two accept messages within Slack's limits. Slack's faults are drawn."""

    def __init__(self, lambdas: Lambdas, rng: Random, sick: Callable[[str], bool]) -> None:
        self.slack = Slack(clock=lambda: lambdas.now, token=TOKEN, closed=CLOSED, trouble_with=self._trouble)
        super().__init__(lambda: TOKEN, "http://slack/api/", client=partial(InProcess, self._answer))
        self.posted: list[Posted] = []
        self.unanswered: set[str] = set()
        self._lambdas, self._rng, self._sick = lambdas, rng, sick

    def _trouble(self, asked: Mapping[str, Any]) -> Trouble | None:
        """How Slack fails for a call, if it does."""
        if self._lambdas.faults.sick_messages and self._sick(text := json.dumps(asked)):
            self.unanswered.add(text)
            self._lambdas.happened["sick_messages"] += 1
            return Trouble.SERVER_ERROR
        if self._rng.random() < self._lambdas.faults.odd_answers:
            self._lambdas.happened["odd_answers"] += 1
            return self._rng.choice(list(Trouble))
        return None

    def _answer(self, request: Request) -> Any:
        before = len(self.slack.messages)
        response = respond(self.slack, request)
        self.posted += [Posted(channel=one.channel, text=one.text) for one in self.slack.messages[before:]]
        return response

    def is_sick(self, text: str) -> bool:
        """Whether Slack returns errors for a message now."""
        return bool(self._lambdas.faults.sick_messages) and self._sick(text)
