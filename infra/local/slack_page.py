"""Shows messages on a plain page: channels, threads and the part of Slack's markup our messages use.

Everything a message says is escaped first; markup is then laid over the escaped text, so no message can put HTML on the
page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from importlib import resources
from itertools import groupby
from string import Template
from typing import Any

EMOJI = {
    "truck": "🚚",
    "grey_question": "❔",
    "vertical_traffic_light": "🚦",
    "alarm_clock": "⏰",
    "bar_chart": "📊",
    "bell": "🔔",
    "bulb": "💡",
    "calendar": "📅",
    "chart_with_downwards_trend": "📉",
    "chart_with_upwards_trend": "📈",
    "checkered_flag": "🏁",
    "eyes": "👀",
    "fire": "🔥",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "information_source": "ℹ️",
    "large_blue_circle": "🔵",
    "large_green_circle": "🟢",
    "large_orange_circle": "🟠",
    "large_yellow_circle": "🟡",
    "mag": "🔍",
    "money_with_wings": "💸",
    "moneybag": "💰",
    "no_entry": "⛔",
    "octagonal_sign": "🛑",
    "repeat": "🔁",
    "red_circle": "🔴",
    "rotating_light": "🚨",
    "seedling": "🌱",
    "skull": "💀",
    "tada": "🎉",
    "warning": "⚠️",
    "white_check_mark": "✅",
    "wrench": "🔧",
    "x": "❌",
    "zap": "⚡",
    "zzz": "💤",
}
PIECES = re.compile(
    r"```(?P<block>.+?)```"
    r"|`(?P<code>[^`\n]+)`"
    r"|&lt;(?P<url>https?://[^|&\s]+(?:&amp;[^|&\s]+)*)(?:\|(?P<label>.+?))?&gt;"
    r"|:(?P<emoji>[a-z0-9_+-]+):"
    r"|(?<!\w)\*(?P<bold>[^*\n]+)\*(?!\w)"
    r"|(?<!\w)_(?P<italic>[^_\n]+)_(?!\w)"
    r"|(?<!\w)~(?P<struck>[^~\n]+)~(?!\w)",
    re.DOTALL,
)


def page(messages: Iterable[Mapping[str, Any]]) -> str:
    """Return an HTML page of messages as `Message.to_json` gives them, a section for each channel, oldest first."""
    ordered = sorted(messages, key=lambda message: (message["channel"], message["ts"]))
    channels = {name: list(found) for name, found in groupby(ordered, key=lambda message: str(message["channel"]))}
    template = Template(resources.files(__package__).joinpath("slack.html").read_text(encoding="utf-8"))
    return template.substitute(
        count=len(ordered),
        tabs="".join(_tab(name, len(found)) for name, found in channels.items()),
        channels="".join(_channel(name, found) for name, found in channels.items()) or "<p>No message yet.</p>",
    )


def _tab(name: str, count: int) -> str:
    return f'<a href="#{_anchor(name)}">{escape(_title(name))} <small>{count}</small></a>'


def _channel(name: str, messages: list[Mapping[str, Any]]) -> str:
    roots = {message["ts"] for message in messages}
    replies: dict[str, list[Mapping[str, Any]]] = {}
    for message in messages:
        if message.get("thread_ts") in roots and message["thread_ts"] != message["ts"]:
            replies.setdefault(message["thread_ts"], []).append(message)
    hidden = {id(reply) for thread in replies.values() for reply in thread}
    shown = "".join(_thread(m, replies.get(m["ts"], [])) for m in messages if id(m) not in hidden)
    return f'<section id="{_anchor(name)}"><h2>{escape(_title(name))}</h2>{shown}</section>'


def _thread(message: Mapping[str, Any], replies: list[Mapping[str, Any]]) -> str:
    below = "".join(f"<li>{_message(reply)}</li>" for reply in replies)
    return f"<article>{_message(message)}{f'<ol>{below}</ol>' if below else ''}</article>"


def _message(message: Mapping[str, Any]) -> str:
    at = datetime.fromtimestamp(float(message["ts"]), tz=UTC)
    edited = " <i>(edited)</i>" if message.get("edits") else ""
    when = f'<time datetime="{at.isoformat()}">{at:%a %d %b %H:%M:%S} UTC</time>{edited}'
    body = "".join(_block(block) for block in message.get("blocks") or ()) or f"<p>{mrkdwn(message['text'])}</p>"
    return f"<header><b>spotwarden</b> {when}</header>{body}"


def _block(block: Mapping[str, Any]) -> str:
    match block.get("type"):
        case "divider":
            return "<hr>"
        case "header":
            return f"<h3>{_text(block['text'])}</h3>"
        case "context":
            return f'<p class="context">{" ".join(_text(element) for element in block["elements"])}</p>'
        case "section":
            words = f"<p>{_text(block['text'])}</p>" if "text" in block else ""
            fields = "".join(f"<p>{_text(field)}</p>" for field in block.get("fields", ()))
            return words + (f'<div class="fields">{fields}</div>' if fields else "")
        case other:
            return f'<p class="context">[{escape(str(other))}]</p>'


def _text(element: Mapping[str, Any]) -> str:
    words = str(element.get("text") or element.get("alt_text") or "")
    return mrkdwn(words) if element.get("type") == "mrkdwn" else _emoji(escape(words))


def mrkdwn(text: str) -> str:
    """Turn Slack's markup into escaped HTML: bold, italic, struck, code, links, emoji shortcodes, line breaks."""
    return _mark(escape(_unescape(text), quote=True))


def _unescape(text: str) -> str:
    """Undo the three escapes that Slack asks of bots."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _mark(escaped: str) -> str:
    return PIECES.sub(_piece, escaped).replace("\n", "<br>")


def _piece(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if found["url"]:
        return f'<a href="{found["url"]}" rel="noreferrer">{_mark(found["label"] or found["url"])}</a>'
    match kind:
        case "block":
            return f"<pre>{found['block'].strip()}</pre>"
        case "code":
            return f"<code>{found['code']}</code>"
        case "emoji":
            return EMOJI.get(found["emoji"], found[0])
        case "bold":
            return f"<b>{_mark(found['bold'])}</b>"
        case "italic":
            return f"<i>{_mark(found['italic'])}</i>"
        case _:
            return f"<s>{_mark(found['struck'])}</s>"


def _emoji(escaped: str) -> str:
    return re.sub(r":([a-z0-9_+-]+):", lambda found: EMOJI.get(found[1], found[0]), escaped)


def _title(channel: str) -> str:
    return channel if channel.startswith("#") else f"#{channel}"


def _anchor(channel: str) -> str:
    return "c-" + re.sub(r"[^A-Za-z0-9_-]", "-", channel.lstrip("#"))
