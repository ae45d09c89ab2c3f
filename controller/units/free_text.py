"""A text from a person or a tag, as one line of limited length without harmful characters."""

from __future__ import annotations

from unicodedata import category

REMOVED = frozenset({"Cc", "Cf", "Cs"})  # Unicode categories: control, format (zero-width, direction), surrogates
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9), *range(0xE0100, 0xE01F0)))  # variation selectors and unassigned
)
"""Characters that show nothing. With them, two different names can look the same."""
STACK = 4  # combining marks on one letter; no script needs more, and many of them cover the lines above and below


def one_line(text: str, most: int) -> str:
    """The text on one line, without control, zero-width and direction-changing characters; at most ``most`` characters.

    Line breaks become blanks, and a letter keeps at most ``STACK`` combining marks. If the text is cut, it ends with an ellipsis.
    """
    flat = " ".join(text.split())
    if not (flat.isascii() and flat.isprintable()):
        flat = "".join(c for c in flat if c == " " or (category(c) not in REMOVED and c not in BLANK))
        flat = " ".join(_with_low_stacks(flat).split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"


def _with_low_stacks(text: str) -> str:
    kept, marks = [], 0
    for c in text:
        marks = marks + 1 if category(c) in ("Mn", "Me") else 0
        if marks <= STACK:
            kept.append(c)
    return "".join(kept)
