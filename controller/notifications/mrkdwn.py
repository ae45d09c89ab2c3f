"""Slack's markup (mrkdwn): escapes other people's text, shows times in the reader's time zone, cuts long texts safely.

Job names, reasons and tags are other people's text: ``escaped`` and ``plain`` prevent mentions, links and formatting in them.
Characters are counted as UTF-16 units, which is never less than Slack counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from controller.units.free_text import one_line

CODE_MAX = 300
LOOKALIKES = str.maketrans({"*": "\u2217", "`": "'"})  # a glob such as ml.g5.* opens no bold text
AT_EDGES = {"_": "\u02cd", "~": "\u223c"}
AT_EDGE = re.compile(r"(?<![A-Za-z0-9])[_~]|[_~](?![A-Za-z0-9])")  # inside a word they format nothing
EMOJI = re.compile(r":(?=(?:100|1234|[+-]1|[\w+'-]*[^\W\d_][\w+'-]*):)")  # a workspace's own may have letters of any script
COPIED = re.compile(r"(arn:aws[a-z-]*:\S*|\bspotwarden:[a-z-]+:?)")  # ARNs and our own tags: their colons are no emoji
QUOTE = re.compile(r"^>+")


def escaped(text: str, most: int = 300) -> str:
    """Make other people's text inert in mrkdwn: one bounded line that pings, links and formats nothing."""
    return _inert(one_line(text, most))


def plain(text: str) -> str:
    """The same, whole; a dash where there is nothing to show."""
    return _inert(one_line(text, len(text) + 1)) or "–"


def code(text: str) -> str:
    """Other people's text as code."""
    flat = one_line(text, len(text) + 1).replace("`", "'") or "–"
    return f"`{_entities(shortened(flat, CODE_MAX))}`"


def mrkdwn_object(text: str) -> dict[str, Any]:
    """Slack's text object. ``verbatim``: a bare URL, a channel's name or @here in the text stays text."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain_object(text: str) -> dict[str, Any]:
    """Slack's text object without markup, on one line."""
    return {"type": "plain_text", "text": one_line(text, len(text) + 1) or "–", "emoji": False}


def _inert(flat: str) -> str:
    """Replace each character that formats where it stands by one that looks like it; ``team_a`` stays as it is."""
    parts = COPIED.split(flat.translate(LOOKALIKES))
    flat = "".join(part if number % 2 else EMOJI.sub("\ua789", part) for number, part in enumerate(parts))
    flat = QUOTE.sub(lambda found: "\u203a" * len(found[0]), flat)
    return _entities(AT_EDGE.sub(lambda found: AT_EDGES[found[0]], flat))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def when(at: datetime) -> str:
    """A time that Slack shows in the reader's own time zone; other programs show it in UTC."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at:%Y-%m-%d %H:%M} UTC>"


DATE = re.compile(r"<!date\^[0-9]+\^[^|>]*\|([^>]*)>")
LINK = re.compile(r"<(?:[^|>]*\|)?([^>]*)>")
OUR_EMOJI = re.compile(r"(?<!\S):[a-z0-9_+-]+:(?: |$)")  # not the middle of an ARN


def unmarked(mrkdwn: str) -> str:
    """Our own mrkdwn as text for a terminal: times in UTC, no bold, emoji or links."""
    text = OUR_EMOJI.sub("", LINK.sub(r"\1", DATE.sub(r"\1", mrkdwn))).replace("*", "").replace("`", "")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def size(text: str) -> int:
    """The number of characters that Slack may count."""
    return len(text) + sum(ord(c) > 0xFFFF for c in text)


def shortened(text: str, most: int) -> str:
    """The text within a maximum length, with an ellipsis where it is cut: for labels whose full text is shown elsewhere."""
    if size(text) <= most:
        return text
    end, counted = 0, size(text[0])
    while counted < most:
        end += 1
        counted += size(text[end])
    return text[:end] + "…"


def pieces(mrkdwn: str, most: int) -> Iterable[str]:
    """Cut mrkdwn into pieces of a maximum length, at line ends or spaces, never inside ``<…>``, an entity or code."""
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
        while at > 0:
            if text.rfind("<", 0, at) <= text.rfind(">", 0, at) and text.count("`", 0, at) % 2 == 0:
                return at
            at = text.rfind(mark, end // 2, at)
    return min((at for at in _open_at(text, end) if at > 0), default=end)


def _open_at(text: str, end: int) -> Iterable[int]:
    """Where the link, the code and the entity begin that a cut would go through."""
    link = text.rfind("<", 0, end)
    if link > text.rfind(">", 0, end):
        yield link
    if text.count("`", 0, end) % 2:
        yield text.rfind("`", 0, end)
    entity = text.rfind("&", max(end - 4, 0), end)
    if ";" not in text[entity:end]:
        yield entity
