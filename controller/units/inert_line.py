"""A line of somebody else's text as a terminal and a CI system may show it: they only print it.

A file of its own: what runs in Lambda prints to neither, and should not compile its pattern.
"""

from __future__ import annotations

import re

COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#[A-Za-z]*\[)")
"""The first sign of a command to a CI system: of ``::`` at the start of a line, of ``##[``, ``##vso[`` or ``##teamcity[``."""


def inert_line(text: str, mark: str) -> str:
    """The text with ``mark`` in place of each character that a terminal would obey or hide, line breaks too, and of the sign that
    begins a command to a CI system.
    """
    return COMMAND.sub(rf"\1{mark}", "".join(c if c.isprintable() else mark for c in text))
