"""Shows messages on an HTML page: a section for each channel, with threads below their message. It supports only the kinds of
blocks that Spotwarden uses.

The HTML is in ``templates/``. Jinja2 escapes the values in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from infra.local.slack.chart import svg_of
from infra.local.slack.mrkdwn import mrkdwn, plain_text

Shown = Mapping[str, Any]


def page(
    messages: Iterable[Shown], *, live: bool = False, ephemerals: Sequence[str] = (),
    modals: Mapping[str, Shown] = MappingProxyType({}),
) -> str:  # fmt: skip
    """Return an HTML page of messages (from `Message.to_json`), by channel, the oldest first.

    Buttons are enabled only on a ``live`` page. ``ephemerals`` are the responses that only this user sees, ``modals`` the open
    forms by their ids.
    """
    ordered = sorted(messages, key=lambda message: (message["channel"], message["ts"]))
    channels = [_channel(name, list(found)) for name, found in groupby(ordered, key=lambda message: str(message["channel"]))]
    template = TEMPLATES.get_template("slack_page.html")
    return template.render(count=len(ordered), channels=channels, live=live, ephemerals=ephemerals, modals=list(modals.values()))


def _channel(name: str, messages: list[Shown]) -> dict[str, Any]:
    """The threads of a channel: each message that is not a reply, with its replies."""
    roots = {message["ts"] for message in messages}
    replies: dict[str, list[Shown]] = {}
    threads = []
    for message in messages:
        if message.get("thread_ts") in roots and message["thread_ts"] != message["ts"]:
            replies.setdefault(message["thread_ts"], []).append(message)
        else:
            threads.append(message)
    return {
        "title": name if name.startswith("#") else f"#{name}",
        "anchor": "c-" + re.sub(r"[^A-Za-z0-9_-]", "-", name.lstrip("#")),
        "count": len(messages),
        "threads": [(message, replies.get(message["ts"], [])) for message in threads],
    }


def _text(element: Shown) -> str:
    """The HTML of a text object of Block Kit."""
    text = str(element.get("text") or element.get("alt_text") or "")
    return mrkdwn(text) if element.get("type") == "mrkdwn" else plain_text(text)


def _time(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), tz=UTC)


def _chart_table(block: Shown) -> dict[str, Any]:
    """The values of a chart as a table block, for readers who cannot see the chart."""
    chart = block["chart"]
    head = [{"type": "raw_text", "text": name} for name in ("", *(series["name"] for series in chart["series"]))]
    rows = [
        [{"type": "raw_text", "text": label}, *({"type": "raw_number", "text": _value(series, n)} for series in chart["series"])]
        for n, label in enumerate(chart["axis_config"]["categories"])
    ]
    return {"caption": f"{block['title']}: the values", "rows": [head, *rows]}


def _value(series: Shown, number: int) -> str:
    return f"{series['data'][number]['value']:,.2f}"


TEMPLATES = Environment(
    loader=PackageLoader("infra.local", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters |= {
    "mrkdwn": mrkdwn, "slack_text": _text, "slack_time": _time, "chart_svg": svg_of, "chart_table": _chart_table,
}  # fmt: skip
