"""Slack's markup (mrkdwn): escapes other people's text, shows times in the reader's time zone, splits long texts.

Job names, reasons and tags are written by others. ``escaped`` and ``plain`` make sure that they cause no mentions, links or
formatting. Characters are counted as UTF-16 units, which is never less than Slack counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from controller.units.free_text import one_line

CODE_MAX = 300
LOOKALIKES = str.maketrans({"*": "\u2217", "`": "'"})  # so that a glob such as ml.g5.* does not start bold text
AT_EDGES = {"_": "\u02cd", "~": "\u223c"}
AT_EDGE = re.compile(r"(?<![A-Za-z0-9])[_~]|[_~](?![A-Za-z0-9])")  # within a word, these characters do not format
EMOJI = re.compile(r":(?=(?:100|1234|[+-]1|[\w+'-]*[^\W\d_][\w+'-]*):)")  # custom emoji may have letters of any script
COPIED = re.compile(r"(arn:aws[a-z-]*:\S*|\bspotwarden:[a-z-]+:?)")  # people copy ARNs and tags, so their colons are kept
QUOTE = re.compile(r"^>+")


def escaped(text: str, most: int = 300) -> str:
    """Other people's text on one line of at most ``most`` characters, without mentions, links or formatting in mrkdwn."""
    return _inert(one_line(text, most))


def plain(text: str) -> str:
    """Like ``escaped``, but of any length; a dash for an empty text."""
    return _inert(one_line(text, len(text) + 1)) or "–"


def code(text: str) -> str:
    """Other people's text as inline code, of at most ``CODE_MAX`` characters; a dash for an empty text."""
    flat = one_line(text, len(text) + 1).replace("`", "'") or "–"
    return f"`{_entities(shortened(flat, CODE_MAX))}`"


def mrkdwn_object(text: str) -> dict[str, Any]:
    """Slack's text object of type mrkdwn. ``verbatim``: Slack makes no links of URLs, channel names or @here in the text."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain_object(text: str) -> dict[str, Any]:
    """Slack's text object of type plain_text, on one line."""
    return {"type": "plain_text", "text": one_line(text, len(text) + 1) or "–", "emoji": False}


def _inert(flat: str) -> str:
    """Replace each character that would format the text with a similar one. ``team_a`` stays: within a word, ``_`` does not."""
    parts = COPIED.split(flat.translate(LOOKALIKES))
    flat = "".join(part if number % 2 else EMOJI.sub("\ua789", part) for number, part in enumerate(parts))
    flat = QUOTE.sub(lambda found: "\u203a" * len(found[0]), flat)
    return _entities(AT_EDGE.sub(lambda found: AT_EDGES[found[0]], flat))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def when(at: datetime) -> str:
    """A time in Slack's date format, which is shown in the reader's time zone. Its fallback text is in UTC."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at:%Y-%m-%d %H:%M} UTC>"


DATE = re.compile(r"<!date\^[0-9]+\^[^|>]*\|([^>]*)>")
LINK = re.compile(r"<(?:[^|>]*\|)?([^>]*)>")
OUR_EMOJI = re.compile(r"(?<!\S):[a-z0-9_+-]+:(?: |$)")  # after a space, so not within an ARN


def unmarked(mrkdwn: str) -> str:
    """Spotwarden's own mrkdwn as text for a terminal: times in UTC, without bold, emoji or URLs of links."""
    text = OUR_EMOJI.sub("", LINK.sub(r"\1", DATE.sub(r"\1", mrkdwn))).replace("*", "").replace("`", "")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def size(text: str) -> int:
    """The number of characters in UTF-16 units, the most that Slack may count."""
    return len(text) + sum(ord(c) > 0xFFFF for c in text)


def shortened(text: str, most: int) -> str:
    """The text, cut to at most ``most`` UTF-16 units with an ellipsis at the end: a label whose full text is elsewhere."""
    if size(text) <= most:
        return text
    end, counted = 0, size(text[0])
    while counted < most:
        end += 1
        counted += size(text[end])
    return text[:end] + "…"


def pieces(mrkdwn: str, most: int) -> Iterable[str]:
    """Split mrkdwn into pieces of at most ``most`` UTF-16 units, at line ends or spaces. ``<…>``, entities and code are split
    only if one alone is longer than a piece.
    """
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
    """The beginnings of the link, the code and the entity that a cut at ``end`` would split."""
    link = text.rfind("<", 0, end)
    if link > text.rfind(">", 0, end):
        yield link
    if text.count("`", 0, end) % 2:
        yield text.rfind("`", 0, end)
    entity = text.rfind("&", max(end - 4, 0), end)
    if ";" not in text[entity:end]:
        yield entity
