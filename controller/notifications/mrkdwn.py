"""Slack's markup (mrkdwn): escapes other people's text, shows times in the reader's time zone, cuts long texts safely.

Job names, reasons and tags are other people's text: ``escaped`` and ``plain`` prevent mentions, links and formatting in them.
Characters are counted as UTF-16 units, which is never less than Slack counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

CODE_MAX = 300


def escaped(text: str, most: int = 300) -> str:
    """Escape other people's text for mrkdwn: Slack's three entities, no backticks, no line breaks, a maximum length."""
    flat = " ".join(text.split()).replace("`", "'")
    flat = flat if len(flat) <= most else flat[: most - 1] + "…"
    return _entities(flat.replace("*", "\u2217"))  # otherwise a glob such as ml.g5.* could start bold text


def code(text: str) -> str:
    flat = " ".join(text.split()).replace("`", "'")
    return f"`{_entities(shortened(flat, CODE_MAX))}`"


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str) -> str:
    """Escape plain text for mrkdwn, at its full length."""
    flat = " ".join(text.split()).replace("`", "'") or "–"
    return _entities(flat)


def when(at: datetime) -> str:
    """A time that Slack shows in the reader's own time zone; other programs show it in UTC."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at:%Y-%m-%d %H:%M} UTC>"


def size(text: str) -> int:
    """The number of characters that Slack may count."""
    return len(text) + sum(ord(c) > 0xFFFF for c in text)


def shortened(text: str, most: int) -> str:
    """The text within a maximum length, with an ellipsis where it is cut: for labels whose full text is shown elsewhere."""
    if size(text) <= most:
        return text
    while size(text) > most - 1:
        text = text[:-1]
    return text + "…"


def pieces(mrkdwn: str, most: int) -> Iterable[str]:
    """Cut mrkdwn into pieces of a maximum length, at line ends or spaces, never inside ``<…>`` or an entity."""
    rest = mrkdwn.strip() or "–"
    while size(rest) > most:
        at = _cut(rest, most)
        yield rest[:at].rstrip() or "–"
        rest = rest[at:].lstrip() or "–"
    yield rest


def _cut(text: str, most: int) -> int:
    end, counted = 0, 0
    while counted + size(text[end]) <= most:
        counted += size(text[end])
        end += 1
    for mark in ("\n", " "):
        at = text.rfind(mark, end // 2, end)
        if at > 0 and text.rfind("<", 0, at) <= text.rfind(">", 0, at):
            return at
    inside = max(text.rfind("<", 0, end) if text.rfind("<", 0, end) > text.rfind(">", 0, end) else 0, 0)
    entity = text.rfind("&", max(end - 6, 0), end)
    if entity > 0 and ";" not in text[entity:end]:
        inside = entity if not inside else min(inside, entity)
    return inside or end
