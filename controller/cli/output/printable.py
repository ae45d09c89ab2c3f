"""Makes texts from jobs and files safe for terminals and for the logs of CI systems."""

from __future__ import annotations

import json
from typing import Any

from controller.units.inert_line import inert_line


def printable(text: str) -> str:
    """The text on one line, without control characters of terminals and commands to CI systems."""
    return inert_line(text, "\N{REPLACEMENT CHARACTER}")


def printable_lines(text: str) -> str:
    """Like ``printable``, but line breaks stay: for a text whose line breaks are from this code."""
    return "\n".join(map(printable, text.split("\n")))


def json_text(value: Any, indent: int | None = None) -> str:
    """The value as JSON, with escapes for control characters of terminals and for commands to CI systems (``##``)."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text).replace("##", "#\\u0023")
