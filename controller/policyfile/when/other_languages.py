"""Hints for what people write in expressions because other languages have it."""

from __future__ import annotations

import re

QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
NULL = re.compile(r"(?<![\w.])(null|none|nil|undefined)(?!\w)", re.IGNORECASE)
GLOBS = "text is compared with a glob: FIELD matches 'train-*'"
NOT = "write not before the whole comparison: not (FIELD matches 'train-*')"
NO_NULL = "there is no null: has(FIELD) says whether a job has the field"
AT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[-+*/%]"), "there are no calculations and no negative numbers"),
    (re.compile(r"(contains|i?like|starts_?with|ends_?with|regexp?|match|re)\b", re.IGNORECASE), GLOBS),
    (re.compile(r"=?~"), GLOBS),
    (re.compile(r"(is|eq|equals)\b", re.IGNORECASE), "write == between two values"),
    (re.compile(r"not\b"), NOT),
    (re.compile(r"(len|length|size)\b", re.IGNORECASE), "count(FIELD) is the length of a list"),
    (re.compile(r"(exists|defined|present|isset)\b", re.IGNORECASE), "has(FIELD) says whether a job has the field"),
)
LIST = "the values of a list have no numbers: any(FIELD == …) or all(FIELD == …)"
DEFAULT = "default(FIELD, VALUE): the value counts where a job lacks the field"
CHAIN = "join comparisons with and: 1 < FIELD and FIELD < 5"
HYPHEN = 'a key with a hyphen is in quotes, such as HyperParameters["learning-rate"]'
COMPARED = re.compile(r"(==|!=|<=?|>=?)[^<>=!&|()]*(\([^()]*\))?\s*$")
AFTER: tuple[tuple[re.Pattern[str], re.Pattern[str], str], ...] = (  # pattern before the place, pattern at the place, hint
    (re.compile(r"\.(startswith|endswith|contains|match(es)?)\s*$", re.IGNORECASE), re.compile(r"\("), GLOBS),
    (re.compile(r"<$"), re.compile(r">"), "write != for a difference"),
    (re.compile(r"[0-9]\s+$"), re.compile(r"[smhd]\b"), "write a duration without a space, such as 24h"),
    (re.compile(r"\w\s*\[\s*$"), re.compile(r"[0-9]"), LIST),
    (re.compile(r"(?<!\w)default\s*\(\s*[\w.]+\s*$"), re.compile(r"\)"), DEFAULT),
    (COMPARED, re.compile(r"==|!=|<=?|>=?"), CHAIN),
    (re.compile(r"\.[A-Za-z_]\w*$"), re.compile(r"-[A-Za-z_]"), HYPHEN),
)


def habit_hint(text: str, at: int) -> str:
    """A hint for the text at a place; empty if it is not a known habit."""
    if NULL.search(QUOTED.sub(lambda found: " " * len(found[0]), text)):
        return NO_NULL
    before, rest = text[:at], text[at:]
    for earlier, here, hint in AFTER:
        if earlier.search(before) and here.match(rest):
            return hint
    begins = at - 1 if rest.startswith("~") or before.endswith("~") else at
    return next((hint for pattern, hint in AT if pattern.match(text, begins) or pattern.match(rest)), "")
