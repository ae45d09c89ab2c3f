"""Texts of jobs and files as a terminal may show them, and as the log of a CI system may have them."""

from __future__ import annotations

import json
from typing import Any

from controller.units.inert_line import inert_line


def printable(text: str) -> str:
    """The text on one line, without what a terminal or a CI system would obey."""
    return inert_line(text, "\N{REPLACEMENT CHARACTER}")


def printable_lines(text: str) -> str:
    """The same line by line, for a text whose line breaks are our own."""
    return "\n".join(map(printable, text.split("\n")))


def json_text(value: Any, indent: int | None = None) -> str:
    """The value as JSON, with an escape for each character that a terminal would obey, or that makes a command to a CI system."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text).replace("##", "#\\u0023")
