"""Matches events with EventBridge patterns. It supports the part of the pattern language that known matchers treat alike.

A pattern is a tree of fields. A leaf is a list of strings, numbers, booleans or null: the field must equal one of them. A leaf
may also be a list with one {"anything-but": value or list}: the field must exist and equal none of them. Prefix, wildcard,
$or, and arrays in events are refused, because local matchers differ from AWS in these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ANYTHING_BUT = "anything-but"


class UnknownPattern(ValueError):
    """A pattern or an event needs a part of the language that this matcher does not support. The message names the place."""


def check(pattern: Mapping[str, Any], where: str = "pattern") -> None:
    """Raise UnknownPattern if a pattern has a leaf that is not supported."""
    if not pattern:
        raise UnknownPattern(f"{where} is empty")
    for field, wanted in pattern.items():
        here = f"{where}.{field}"
        match wanted:
            case dict():
                check(wanted, here)
            case [_, *_] if all(_is_scalar(value) for value in wanted):
                pass
            case [{"anything-but": excluded}] if len(wanted[0]) == 1 and _is_list_of_scalars(excluded):
                pass
            case _:
                raise UnknownPattern(
                    f"{here} is {wanted!r}; the local bus supports lists of plain values and one {{'anything-but': …}}"
                )


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any], where: str = "event") -> bool:
    """Return whether the event has every field of the pattern with a wanted value. Raises UnknownPattern for an array."""
    return all(_field_matches(wanted, event, field, f"{where}.{field}") for field, wanted in pattern.items())


def _field_matches(wanted: Any, event: Mapping[str, Any], field: str, where: str) -> bool:
    if field not in event:
        return False
    found = event[field]
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and matches(wanted, found, where)
    if isinstance(found, list):
        raise UnknownPattern(f"{where} is an array; matchers disagree on arrays, so decide on it in code")
    if isinstance(wanted[0], Mapping):
        return not any(_same(value, found) for value in _as_list(wanted[0][ANYTHING_BUT]))
    return any(_same(value, found) for value in wanted)


def _same(wanted: Any, found: Any) -> bool:
    return isinstance(wanted, bool) == isinstance(found, bool) and bool(wanted == found)  # in Python alone, True == 1


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float))


def _is_list_of_scalars(value: Any) -> bool:
    values = _as_list(value)
    return bool(values) and all(_is_scalar(v) for v in values)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
