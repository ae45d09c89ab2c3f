"""Slack's limits of a message, counted independently: what a payload exceeds, in words (docs.slack.dev/reference/block-kit)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def broken(text: str, blocks: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every limit that a message exceeds; empty where Slack would accept it."""
    found = list(blocks)
    wrong = [] if 0 < units(text) <= 4000 else [f"text of {units(text)}"]
    wrong += [] if len(found) <= 50 else [f"{len(found)} blocks"]
    charts = [b for b in found if b["type"] == "data_visualization"]
    tables = [b for b in found if b["type"] == "data_table"]
    wrong += [] if len(charts) <= 2 else [f"{len(charts)} charts"]
    cells = sum(units(cell["text"]) for table in tables for row in table["rows"] for cell in row)
    wrong += [] if cells <= 10_000 else [f"{cells} characters in tables"]
    ids = [element["action_id"] for b in found if b["type"] == "actions" for element in b["elements"]]
    wrong += [] if len(ids) == len(set(ids)) else ["an action_id twice"]
    whole = sum(units(text) for text in texts(found))
    wrong += [] if whole <= 13_200 else [f"{whole} characters in all"]
    for block in found:
        wrong += [f"{block['type']}: {what}" for what in CHECKS[block["type"]](block)]
    return wrong


def texts(found: Any) -> Iterable[str]:
    """Every text that a reader sees in some blocks."""
    if isinstance(found, Mapping):
        for name, value in found.items():
            if isinstance(value, str) and name in {"text", "title", "caption", "label", "name"}:
                yield value
            elif name != "value":
                yield from texts(value)
    elif isinstance(found, list | tuple):
        for value in found:
            yield from texts(value)


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _within(what: str, text: str, most: int) -> list[str]:
    return [] if 0 < units(text) <= most else [f"{what} of {units(text)} characters"]


def _header(block: Mapping[str, Any]) -> list[str]:
    return _within("text", block["text"]["text"], 150)


def _section(block: Mapping[str, Any]) -> list[str]:
    fields = block.get("fields", [])
    wrong = _within("text", block["text"]["text"], 3000) if "text" in block else []
    wrong += [] if len(fields) <= 10 else [f"{len(fields)} fields"]
    return wrong + [w for field in fields for w in _within("field", field["text"], 2000)]


def _context(block: Mapping[str, Any]) -> list[str]:
    wrong = [] if 0 < len(block["elements"]) <= 10 else [f"{len(block['elements'])} elements"]
    return wrong + [w for element in block["elements"] for w in _within("element", element["text"], 2000)]


def _actions(block: Mapping[str, Any]) -> list[str]:
    wrong = [] if 0 < len(block["elements"]) <= 25 else [f"{len(block['elements'])} elements"]
    for button in block["elements"]:
        wrong += _within("button", button["text"]["text"], 75) + _within("value", button["value"], 2000)
        wrong += _within("action_id", button["action_id"], 255)
    return wrong


def _table(block: Mapping[str, Any]) -> list[str]:
    rows = block["rows"]
    wrong = [] if 2 <= len(rows) <= 101 else [f"{len(rows)} rows"]
    wrong += [] if {len(row) for row in rows} == {len(rows[0])} and 1 <= len(rows[0]) <= 20 else ["columns"]
    wrong += [] if 1 <= block.get("page_size", 5) <= 100 else ["page_size"]
    wrong += [] if all(cell["type"] == "raw_text" for cell in rows[0]) else ["a header that is no text"]
    return wrong + [w for row in rows for cell in row for w in _within("cell", cell["text"], 2000)]


def _chart(block: Mapping[str, Any]) -> list[str]:
    chart, wrong = block["chart"], _within("title", block["title"], 50)
    categories = chart["axis_config"]["categories"]
    wrong += [] if 1 <= len(chart["series"]) <= 6 else [f"{len(chart['series'])} series"]
    wrong += [] if 1 <= len(categories) <= 20 and len(set(categories)) == len(categories) else ["categories"]
    for series in chart["series"]:
        wrong += _within("series", series["name"], 20)
        wrong += [] if [point["label"] for point in series["data"]] == categories else ["labels beside the categories"]
    return wrong + [w for label in categories for w in _within("label", label, 20)]


CHECKS = {
    "header": _header, "section": _section, "context": _context, "actions": _actions, "data_table": _table,
    "data_visualization": _chart, "divider": lambda _: [],
}  # fmt: skip
