"""Turns Slack's markup (mrkdwn) into HTML.

The whole text is escaped first, and markup is replaced in the escaped text. So no message can put its own HTML on the page.
"""

from __future__ import annotations

import re
from html import escape

from markupsafe import Markup

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


def mrkdwn(text: str) -> Markup:
    """Return the HTML of a text: bold, italic, struck, code, links, mentions, emoji and line breaks."""
    return Markup(_replace_markup(escape(_unescape(text), quote=True)))  # noqa: S704 - escaped above


def plain_text(text: str) -> Markup:
    """Return the HTML of a plain text, in which only emoji are replaced."""
    return Markup(_replace_emoji(escape(text)))  # noqa: S704 - escaped here


def _unescape(text: str) -> str:
    """Undo the three escapes that Slack requires in mrkdwn."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _replace_markup(escaped: str) -> str:
    return PIECES.sub(_markup_of, escaped).replace("\n", "<br>")


def _markup_of(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if found["url"]:
        return f'<a href="{found["url"]}" rel="noreferrer">{_replace_markup(found["label"] or found["url"])}</a>'
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
            return f"<b>{_replace_markup(found['bold'])}</b>"
        case "italic":
            return f"<i>{_replace_markup(found['italic'])}</i>"
        case _:
            return f"<s>{_replace_markup(found['struck'])}</s>"


def _replace_emoji(escaped: str) -> str:
    return re.sub(r":([a-z0-9_+-]+):", lambda found: EMOJI.get(found[1], found[0]), escaped)
