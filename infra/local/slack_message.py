"""What Slack keeps of a message, and what it refuses to take."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

TEXT_CHARS_MAX = 40_000
BLOCKS_MAX = 50
BLOCK_LIMITS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "header": lambda b: b["text"]["type"] == "plain_text" and 0 < len(b["text"]["text"]) <= 150,
    "section": lambda b: (
        ("text" in b or "fields" in b)
        and 0 < len(b.get("text", {"text": "-"})["text"]) <= 3000
        and len(b.get("fields", ())) <= 10
        and all(0 < len(f["text"]) <= 2000 for f in b.get("fields", ()))
    ),
    "context": lambda b: 0 < len(b["elements"]) <= 10,
    "divider": lambda _: True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as a channel shows it now; `ts` is Slack's id, `thread_ts` the id of the message it replies to."""

    channel: str
    channel_id: str
    ts: str
    text: str
    blocks: tuple[Mapping[str, Any], ...] = ()
    thread_ts: str | None = None
    posted_at: datetime
    edits: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return it as Slack's API shows a message, with the channel and the count of edits beside."""
        shown = {"type": "message", "channel": self.channel, "channel_id": self.channel_id, "ts": self.ts, "text": self.text}
        thread = {"thread_ts": self.thread_ts} if self.thread_ts else {}
        return {**shown, **thread, "blocks": [*self.blocks], "edits": self.edits}


class Refused(Exception):
    """Slack's "ok": false; the message is the error code."""


class TooFast(Exception):
    """A channel was posted to before its second was over."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"ratelimited, try again after {retry_after_s} s")
        self.retry_after_s = retry_after_s


def content(arguments: Mapping[str, Any]) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """Read the text and the blocks of a call; raises Refused with Slack's error code."""
    text = str(arguments.get("text") or "")
    blocks = arguments.get("blocks") or ()
    blocks = tuple(json.loads(blocks) if isinstance(blocks, str) else blocks)
    if not text and not blocks:
        raise Refused("no_text")
    if len(text) > TEXT_CHARS_MAX:
        raise Refused("msg_too_long")
    if len(blocks) > BLOCKS_MAX or not all(_is_within_limits(block) for block in blocks):
        raise Refused("invalid_blocks")
    return text, blocks


def _is_within_limits(block: Mapping[str, Any]) -> bool:
    try:
        return BLOCK_LIMITS[block["type"]](block)
    except (KeyError, TypeError):
        return False
