"""Other people's text on one line, without anything that a terminal or a CI system would take as a command.

It has its own file, because Lambda functions do not print to either, and should not compile its pattern.
"""

from __future__ import annotations

import re

COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#[A-Za-z]*\[)")
"""The first character of a command to a CI system: ``::`` at the start of a line, ``##[``, ``##vso[`` or ``##teamcity[``."""


def inert_line(text: str, mark: str) -> str:
    """The text with ``mark`` in place of each unprintable character, also line breaks, and of the first character of a command to
    a CI system.
    """
    return COMMAND.sub(rf"\1{mark}", "".join(c if c.isprintable() else mark for c in text))
