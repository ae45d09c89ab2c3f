"""Replaces lone surrogates (halves of characters) in an answer: JSON can contain them, but a text with one cannot be stored."""

from __future__ import annotations

import re
from operator import is_
from typing import Any, TypeVar

SURROGATE = re.compile("[\ud800-\udfff]")
REPLACED_BY = "\N{REPLACEMENT CHARACTER}"

V = TypeVar("V")


def without_lone_surrogates(value: V) -> V:
    """A plain value with each lone surrogate replaced, at any depth; the value itself where it has none."""
    replaced: V = _replaced(value)
    return replaced


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else SURROGATE.sub(REPLACED_BY, value)
    if isinstance(value, dict):
        changed = {_replaced(name): _replaced(inner) for name, inner in value.items()}
        return value if all(map(is_, changed, value)) and all(map(is_, changed.values(), value.values())) else changed
    if isinstance(value, list):
        items = [_replaced(inner) for inner in value]
        return value if all(map(is_, items, value)) else items
    return value
