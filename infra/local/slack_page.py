"""Shows messages on a plain page: channels, threads and the part of Slack's markup our messages use.

Everything a message says is escaped first; markup is then laid over the escaped text, so no message can put HTML on the
page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from importlib import resources
from itertools import groupby
from string import Template
from types import MappingProxyType
from typing import Any

from infra.local.slack_exhibits import COMMAND, buttons, chart, modal, table

EMOJI = {
    "runner": "🏃",
    "cloud_with_lightning": "🌩️",
    "satellite_antenna": "📡",
    "no_entry_sign": "🚫",
    "ghost": "👻",
    "turtle": "🐢",
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
    r"|&lt;(?:@|!subteam\^)(?P<who>[A-Z0-9]+)&gt;"
    r"|&lt;!date\^\d+\^[^|]*\|(?P<date>[^&]+)&gt;"
    r"|&lt;(?P<url>https?://[^|&\s]+(?:&amp;[^|&\s]+)*)(?:\|(?P<label>.+?))?&gt;"
    r"|:(?P<emoji>[a-z0-9_+-]+):"
    r"|(?<!\w)\*(?P<bold>[^*\n]+)\*(?!\w)"
    r"|(?<!\w)_(?P<italic>[^_\n]+)_(?!\w)"
    r"|(?<!\w)~(?P<struck>[^~\n]+)~(?!\w)",
    re.DOTALL,
)


def page(
    messages: Iterable[Mapping[str, Any]], *, live: bool = False, whispers: Sequence[str] = (),
    modals: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> str:  # fmt: skip
    """Return an HTML page of messages as `Message.to_json` gives them, a section for each channel, oldest first.

    On a ``live`` page buttons can be pressed; on any other they are shown, and say so. ``whispers`` are what only this
    person sees, ``modals`` the forms that are open.
    """
    ordered = sorted(messages, key=lambda message: (message["channel"], message["ts"]))
    channels = {name: list(found) for name, found in groupby(ordered, key=lambda message: str(message["channel"]))}
    template = Template(resources.files(__package__).joinpath("slack.html").read_text(encoding="utf-8"))
    return template.substitute(
        count=len(ordered),
        tabs="".join(_tab(name, len(found)) for name, found in channels.items()),
        channels="".join(_channel(name, found, live) for name, found in channels.items()) or "<p>No message yet.</p>",
        whispers="".join(f"<p>{mrkdwn(words)}</p>" for words in whispers),
        hidden="" if whispers else "hidden",
        modals="".join(map(modal, modals.values())),
        command=COMMAND if live else "",
    )


def _tab(name: str, count: int) -> str:
    return f'<a href="#{_anchor(name)}">{escape(_title(name))} <small>{count}</small></a>'


def _channel(name: str, messages: list[Mapping[str, Any]], live: bool) -> str:
    roots = {message["ts"] for message in messages}
    replies: dict[str, list[Mapping[str, Any]]] = {}
    for message in messages:
        if message.get("thread_ts") in roots and message["thread_ts"] != message["ts"]:
            replies.setdefault(message["thread_ts"], []).append(message)
    hidden = {id(reply) for thread in replies.values() for reply in thread}
    shown = "".join(_thread(m, replies.get(m["ts"], []), live) for m in messages if id(m) not in hidden)
    return f'<section id="{_anchor(name)}"><h2>{escape(_title(name))}</h2>{shown}</section>'


def _thread(message: Mapping[str, Any], replies: list[Mapping[str, Any]], live: bool) -> str:
    below = "".join(f"<li>{_message(reply, live)}</li>" for reply in replies)
    count = f"{len(replies)} {'reply' if len(replies) == 1 else 'replies'}"
    thread = f"<details><summary>{count}</summary><ol>{below}</ol></details>" if below else ""
    return f'<article id="m-{escape(message["ts"], quote=True)}">{_message(message, live)}{thread}</article>'


def _message(message: Mapping[str, Any], live: bool) -> str:
    at = datetime.fromtimestamp(float(message["ts"]), tz=UTC)
    edited = " <i>(edited)</i>" if message.get("edits") else ""
    when = f'<time datetime="{at.isoformat()}">{at:%a %d %b %H:%M:%S} UTC</time>{edited}'
    body = (
        "".join(_block(block, str(message["ts"]), live) for block in message.get("blocks") or ())
        or f"<p>{mrkdwn(message['text'])}</p>"
    )
    return f"<header><b>spotwarden</b> {when}</header>{body}"


def _block(block: Mapping[str, Any], ts: str, live: bool) -> str:
    match block.get("type"):
        case "divider":
            return "<hr>"
        case "actions":
            return buttons(block, ts, live)
        case "data_table":
            return table(block)
        case "data_visualization":
            return chart(block)
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
        case "who":
            return f'<span class="who">@{found["who"]}</span>'
        case "date":
            return f"<time>{found['date']}</time>"
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
