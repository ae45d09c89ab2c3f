"""A message in Slack, and Slack's limits for messages."""

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
    "actions": lambda b: (
        0 < len(b["elements"]) <= 25
        and all(
            0 < len(e["text"]["text"]) <= 75 and len(e["action_id"]) <= 255 and len(e["value"]) <= 2000 for e in b["elements"]
        )
    ),
    "data_table": lambda b: (
        bool(b["caption"])
        and 2 <= len(b["rows"]) <= 101
        and all(len(row) == len(b["rows"][0]) <= 20 for row in b["rows"])
        and all(cell["type"] in ("raw_text", "raw_number") and cell["text"] for row in b["rows"] for cell in row)
    ),
    "data_visualization": lambda b: (
        0 < len(b["title"]) <= 50
        and 0 < len(b["chart"]["series"]) <= 6
        and 0 < len(b["chart"]["axis_config"]["categories"]) <= 20
        and all(0 < len(label) <= 20 for label in b["chart"]["axis_config"]["categories"])
        and all(
            [p["label"] for p in s["data"]] == b["chart"]["axis_config"]["categories"] and len(s["name"]) <= 20
            for s in b["chart"]["series"]
        )
    ),
}
NATIVE = frozenset({"data_table", "data_visualization"})  # new in 2026: not all workspaces accept them yet
CHARTS_MAX = 2
BLOCKS_CHARS_MAX = 13_200  # for all texts in a message's blocks; measured by others, because Slack publishes no figure
SHOWN = frozenset({"text", "title", "caption", "label", "name"})  # the members of a block that contain text for readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as a channel shows it now. `ts` is its id, `thread_ts` the id of the message that it replies to."""

    channel: str
    channel_id: str
    ts: str
    text: str
    blocks: tuple[Mapping[str, Any], ...] = ()
    thread_ts: str | None = None
    posted_at: datetime
    edits: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the message in the form of Slack's API, with two further members: `channel` (the name) and `edits`."""
        shown = {"type": "message", "channel": self.channel, "channel_id": self.channel_id, "ts": self.ts, "text": self.text}
        thread = {"thread_ts": self.thread_ts} if self.thread_ts else {}
        return {**shown, **thread, "blocks": [*self.blocks], "edits": self.edits}


class Refused(Exception):
    """Slack answers with "ok": false. The exception's text is Slack's error code."""


class TooFast(Exception):
    """A second message was posted to a channel within a second."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"ratelimited, try again after {retry_after_s} s")
        self.retry_after_s = retry_after_s


def content(arguments: Mapping[str, Any], *, native: bool = True) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """Read the text and the blocks of a call. Raises Refused with Slack's error code.

    Without ``native``, the workspace does not accept the blocks in ``NATIVE``.
    """
    text = str(arguments.get("text") or "")
    blocks = arguments.get("blocks") or ()
    blocks = tuple(json.loads(blocks) if isinstance(blocks, str) else blocks)
    if not text and not blocks:
        raise Refused("no_text")
    if len(text) > TEXT_CHARS_MAX:
        raise Refused("msg_too_long")
    kinds = [block.get("type") for block in blocks]
    unknown = not native and not NATIVE.isdisjoint(kinds)
    if len(blocks) > BLOCKS_MAX or kinds.count("data_visualization") > CHARTS_MAX or unknown:
        raise Refused("invalid_blocks")
    if not all(_is_within_limits(block) for block in blocks):
        raise Refused("invalid_blocks")
    if _text_size(blocks) > BLOCKS_CHARS_MAX:
        raise Refused("msg_blocks_too_long")
    return text, blocks


def _text_size(found: Any) -> int:
    """The number of characters in all texts of some blocks that readers see."""
    if isinstance(found, Mapping):
        shown = sum(len(value) for name, value in found.items() if name in SHOWN and isinstance(value, str))
        return shown + sum(_text_size(value) for value in found.values() if not isinstance(value, str))
    return sum(map(_text_size, found)) if isinstance(found, list | tuple) else 0


def _is_within_limits(block: Mapping[str, Any]) -> bool:
    try:
        return BLOCK_LIMITS[block["type"]](block)
    except (KeyError, TypeError):
        return False
