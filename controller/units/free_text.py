"""A text that a person typed or tagged, as one line of limited length without harmful characters."""

from __future__ import annotations

from unicodedata import category

REMOVED = frozenset({"Cc", "Cf", "Cs"})  # controls, invisible and direction-changing characters, halves of characters
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # characters that show nothing


def one_line(text: str, most: int) -> str:
    """The text on one line, without control, zero-width and direction-changing characters; at most ``most`` characters.

    Line breaks become blanks. Where something is cut off, the last character is an ellipsis.
    """
    flat = " ".join(text.split())
    if not (flat.isascii() and flat.isprintable()):
        flat = " ".join("".join(c for c in flat if c == " " or (category(c) not in REMOVED and c not in BLANK)).split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"
