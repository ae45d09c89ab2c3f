"""Speaks to Slack's Web API through slack_sdk: one message, one call, no retries of its own.

Slack allows about one message a second and channel, and answers faster senders with 429 and Retry-After; the outbox waits, so the
client must not. Every message carries top-level ``text`` beside its blocks, for notifications and screen readers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from controller.shell.ports import Answer, Done, Later, Message, Refused

TIMEOUT_S = 5
RETRY_AFTER_S = 30
SECTION_MAX = 3000  # characters of a section's text
CONTEXT_MAX = 2000
LINES_MAX = 40  # of the 50 blocks that Slack takes

# Answers that no later try changes: the message or its channel is wrong. Everything else waits.
FINAL = frozenset({
    "channel_not_found", "is_archived", "not_in_channel", "restricted_action", "invalid_blocks", "invalid_blocks_format",
    "msg_too_long", "no_text", "too_many_attachments", "user_is_bot", "cannot_reply_to_message",
})  # fmt: skip


class SlackChat:
    """The Chat port over slack_sdk. ``token`` is asked for on the first message, so that no cold start waits for a secret."""

    BASE_URL = WebClient.BASE_URL

    def __init__(self, token: Callable[[], str], base_url: str = WebClient.BASE_URL) -> None:
        self._token = token
        self._base_url = base_url
        self._client: WebClient | None = None

    def send(self, message: Message) -> Answer:
        try:
            answer = self._web().chat_postMessage(
                channel=message.channel, text=text_of(message), blocks=blocks_of(message), unfurl_links=False
            )
        except SlackApiError as error:
            return _declined(error)
        except (SlackClientError, URLError, HTTPException, OSError, json.JSONDecodeError) as error:
            return Later(f"Slack did not answer: {type(error).__name__}")
        ts = answer.get("ts")
        return Done(str(ts)) if ts else Later("Slack's answer has no ts")

    def _web(self) -> WebClient:
        if self._client is None:
            self._client = WebClient(token=self._token(), base_url=self._base_url, timeout=TIMEOUT_S, retry_handlers=[])
        return self._client


def text_of(message: Message) -> str:
    """The message as plain mrkdwn, for notifications and for readers without blocks."""
    return "\n".join(_within(line, SECTION_MAX) for line in _lines(message))


def blocks_of(message: Message) -> list[dict[str, Any]]:
    """The message as Block Kit: each line a section, the small print a context; within Slack's limits by construction."""
    return [_block(line) for line in _lines(message)]


def _lines(message: Message) -> list[str]:
    """The message's lines, as many as Slack has blocks for; those left out are counted aloud."""
    lines = [line for line in message.words if line]
    if len(lines) <= LINES_MAX:
        return lines
    return [*lines[: LINES_MAX - 1], f"… and {len(lines) - LINES_MAX + 1} more lines"]


def _block(line: str) -> dict[str, Any]:
    if line.startswith("_") and line.endswith("_"):
        return {"type": "context", "elements": [{"type": "mrkdwn", "text": _within(line, CONTEXT_MAX)}]}
    return {"type": "section", "text": {"type": "mrkdwn", "text": _within(line, SECTION_MAX)}}


def _within(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _declined(error: SlackApiError) -> Answer:
    """Sort Slack's refusals: 429 and 5xx wait, a message or channel that is wrong is refused, all else waits and is said."""
    response = error.response
    status, headers = response.status_code, {k.lower(): v for k, v in response.headers.items()}
    if status == 429:
        asked = str(headers.get("retry-after", ""))
        return Later("Slack asks for patience (429)", int(asked) if asked.isdigit() else RETRY_AFTER_S)
    reason = str(response.get("error", "")) if isinstance(response.data, dict) else ""
    if reason in FINAL:
        return Refused(f"Slack says {reason}")
    return Later(f"Slack says {reason or status}")
