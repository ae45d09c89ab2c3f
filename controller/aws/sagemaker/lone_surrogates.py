"""Replaces halves of characters (surrogates) in an answer: JSON can contain them, and no text with one can be stored or sent."""

from __future__ import annotations

import re
from typing import Any, TypeVar

SURROGATE = re.compile("[\ud800-\udfff]")
REPLACED_BY = "\N{REPLACEMENT CHARACTER}"

V = TypeVar("V")


def without_lone_surrogates(value: V) -> V:
    """A plain value with each half of a character replaced, at any depth; the value itself where there is none."""
    found: Any = _replaced(value)
    return value if found is None else found


def _replaced(value: Any) -> Any:
    """The value with its halves replaced; None where it has none."""
    match value:
        case str():
            return None if value.isascii() or not SURROGATE.findall(value) else SURROGATE.sub(REPLACED_BY, value)
        case dict():
            changed = {key: new for key, inner in value.items() if (new := _replaced(inner)) is not None}
            if not changed and all(isinstance(key, str) and _replaced(key) is None for key in value):
                return None
            return {_replaced(key) or key: changed.get(key, inner) for key, inner in value.items()}
        case list():
            items = [_replaced(inner) for inner in value]
            return (
                [old if new is None else new for old, new in zip(value, items, strict=True)]
                if any(new is not None for new in items)
                else None
            )
        case _:
            return None
