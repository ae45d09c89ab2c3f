"""Hints in plain words for text that PyYAML refuses."""

from __future__ import annotations

import re

NO_BREAK_SPACE = "\u00a0"
OPEN_COMMENT = re.compile(r"[\[{][^\n]*[:,\[] +#[A-Za-z0-9][^\n]*[\]}]")  # the closing bracket is inside a comment
HINTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), hint)
    for pattern, hint in (
        (r"'\\t' that cannot start", "write spaces: YAML allows no tab here"),
        (r"character '([@`%])' that cannot start", "quote text that begins with such a character"),
        (r"undefined alias|an alias", "quote text that begins with '*'"),
        (r"(?:constructor for|found) the tag '!(?!!)", "quote text that begins with '!'"),
        (r"while scanning a block scalar", "quote text that begins with '>' or '|'"),
        (r"mapping values are not allowed", "write KEY: VALUE with a space after the colon, indent keys of one map alike, and"
         " quote text that has ': ' in it"),
        (r"expected <block end>, but found '<scalar>'", "quote the whole text where it begins with '{', '[' or a quote"),
        (r"expected <block end>", "begin the keys of one map, and the entries of one list, in the same column"),
        (r"could not find expected ':'", "write KEY: VALUE, with a space after the colon"),
        (r"expected ',' or ']'|parsing a flow (?:node|sequence)", "close the list with ']', with commas between its entries"),
        (r"expected ',' or '}'|parsing a flow mapping", "close the map with '}', with commas between its entries"),
        (r"quoted scalar", "close the quote"),
        (r"expected a single document", "write each document in a file of its own"),
    )
)  # fmt: skip


def yaml_hint(why: str, lines: str) -> str:
    """A hint for PyYAML's message ``why`` and the lines at its place; empty if the message is clear enough."""
    if NO_BREAK_SPACE in lines:
        return "write plain spaces: there is a no-break space"
    if "flow" in why and OPEN_COMMENT.search(lines):
        return '# starts a comment unless it is quoted: write "#name"'
    return next((hint for pattern, hint in HINTS if pattern.search(why)), "")
