"""Suggests what a text in an expression may mean: a glob instead of a regular expression, or a possible value of the field."""

from __future__ import annotations

import re
from collections.abc import Sequence

from controller.policyfile.similar_words import similar_words
from controller.policyfile.when import values
from controller.policyfile.when.fields import FieldType, field_shape
from controller.policyfile.when.syntax import Node

REGEX = re.compile(r"^\^|\$$|\.\+|\\[dwsDWSb.]|[\])]\+|\([^()]*\|[^()]*\)|\{\d*,?\d*\}$")
REGEX_ALONE = re.compile(r"\.\*")
LIKE = re.compile(r"^%|%$")
WORDS_SHOWN = 6


def meant_glob(text: str, *, free: bool) -> str | None:
    """The glob that may be meant by a text; None for plain text. ``free``: the field is free text."""
    if LIKE.search(text):
        return text.replace("%", "*")
    if REGEX.search(text) or REGEX_ALONE.search(text):
        return as_glob(text)
    if "*" in text or (not free and values.is_glob(text)):
        return text
    return None


def as_glob(regex: str) -> str:
    """A glob with about the meaning of a regular expression."""
    found = regex.removeprefix("^").removesuffix("$").replace(".*", "*").replace(".+", "?*")
    return found.replace("\\d", "[0-9]").replace("\\", "").replace("]+", "]*")


def repaired(field: Node, glob: str) -> tuple[str, ...]:
    """Similar globs that a value of the field can match, the most likely first."""
    words = field_shape(field).words
    for begin in values.beginnings(field):
        if glob.lower().startswith(begin):
            return (begin + glob[len(begin) :],) if not glob.startswith(begin) else ()
    begins = [f"{begin}{glob}" for begin in values.beginnings(field)[:1] if begin != "arn:"]
    as_word = [glob.lower(), f"ml.{glob}", f"ml.{glob.lower()}", f"*{glob}", f"*{glob}*"]
    tried = as_word if words else [*begins, f"*/{glob}", f"*{glob}*", glob.replace("_", "-")]
    fitting = [one for one in tried if one != glob and values.can_match(field, one)]
    return tuple(fitting[:1]) or (similar_words(glob, words) if words else ())


def matched(name: str, globs: Sequence[str]) -> tuple[str, ...]:
    """A comparison with each text: ``matches`` for a glob, otherwise ``==``."""
    return tuple(f"{name} {'matches' if values.is_glob(one) else '=='} {quoted(one)}" for one in globs)


def form(field: Node) -> str:
    """The form of a field's values, for a message; for a list or map, how many entries it can have."""
    shape = field_shape(field)
    if shape.type is FieldType.NUMBER or (shape.type in (FieldType.LIST, FieldType.MAP) and not shape.pattern):
        low, high = values.bounds(field) if shape.type is FieldType.NUMBER else values.counts(field)
        return f"a number from {max(low, 0):g} to {high:,.0f}" if high != float("inf") else f"a number of {max(low, 0):g} or more"
    if shape.words:
        return f"one of {', '.join(shape.words[:WORDS_SHOWN])}{', …' if len(shape.words) > WORDS_SHOWN else ''}"
    if begins := values.beginnings(field):
        return f"a text that begins with {begins[0]}"
    if field.path[-1].endswith("Name"):
        return "a text of letters, digits and hyphens"
    return "a value that the field can have"


def quoted(text: str) -> str:
    return f"'{text}'" if "'" not in text else f'"{text}"'
