"""Texts of jobs and files as a terminal may show them."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text without what a terminal would obey, line breaks among it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
