"""A text that a person typed or tagged, as one line of limited length without harmful characters."""

from __future__ import annotations

from unicodedata import category

REMOVED = frozenset({"Cc", "Cf", "Cs"})  # controls, invisible and direction-changing characters, halves of characters
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9), *range(0xE0100, 0xE01F0)))  # and those that select a variant
)
"""Characters that show nothing: with them, two names that look alike differ."""


def one_line(text: str, most: int) -> str:
    """The text on one line, without control, zero-width and direction-changing characters; at most ``most`` characters.

    Line breaks become blanks. Where something is cut off, the last character is an ellipsis.
    """
    flat = " ".join(text.split())
    if not (flat.isascii() and flat.isprintable()):
        flat = " ".join("".join(c for c in flat if c == " " or (category(c) not in REMOVED and c not in BLANK)).split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"
