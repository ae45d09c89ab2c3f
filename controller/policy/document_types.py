"""Checks the values of a policy that was read from a document against the annotations of its classes: types and bounds."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from controller.policy.bounds import ENTRIES_MAX, KEYS_MAX, TEXT_MAX
from controller.policy.when import When
from controller.units.plural import count

Check = Callable[[Any, Any, str], Iterator[str]]
"""Takes an annotation, a value and its place; yields what is wrong with the value and the values in it."""


def mistyped(hint: Any, value: Any, where: str) -> Iterator[str]:
    """A sentence for this value, and for each value in it, that does not have the type or bounds of its annotation.

    ``where`` is the place of the value for the sentence, such as ``policy.rules[0].name``.
    """
    yield from _check_of(hint)(hint, value, where)


def short(found: object) -> str:
    """A value or an exception as text for a message, on one line and of at most 100 characters."""
    text = " ".join((f"{type(found).__name__}: {found}" if isinstance(found, Exception) else str(found)).split())
    return text if len(text) <= 100 else f"{text[:100]}…"


def _check_of(hint: Any) -> Check:
    origin = get_origin(hint)
    if origin is Annotated:
        return _out_of_bounds
    if origin in (Union, types.UnionType):
        return _none_of
    if is_dataclass(hint):
        return _not_of_class
    if origin is tuple:
        return lambda hint, value, where: _in_list(get_args(hint)[0], value, where)
    return _in_map if isinstance(origin, type) and issubclass(origin, Mapping) else _not_plain


def _out_of_bounds(hint: Any, value: Any, where: str) -> Iterator[str]:
    """The bounds are checked only if the value has the right type."""
    wrong = next(mistyped(hint.__origin__, value, where), None)
    if wrong:
        yield wrong
        return
    yield from (_other(bounds, value, where) for bounds in hint.__metadata__ if not bounds.holds(value))


def _none_of(hint: Any, value: Any, where: str) -> Iterator[str]:
    if not any(next(mistyped(one, value, where), None) is None for one in get_args(hint)):
        yield _other(_wanted(hint), value, where)


def _not_of_class(hint: Any, value: Any, where: str) -> Iterator[str]:
    if type(value) is not hint:
        yield _other(_wanted(hint), value, where)
    elif hint is not When:  # compiled_document.py checks the tree of an expression
        cls: Any = hint  # for mypy: is_dataclass narrows hint to an instance or a class
        for one in fields(cls):
            yield from mistyped(_hints(cls)[one.name], getattr(value, one.name), f"{where}.{one.name}")


def _in_map(hint: Any, value: Any, where: str) -> Iterator[str]:
    key_hint, value_hint = get_args(hint)
    if not isinstance(value, Mapping):
        yield _other("a map", value, where)
    elif len(value) > KEYS_MAX:
        yield f"{where} of {count(len(value), 'key')}, wanted at most {KEYS_MAX:,}"
    else:
        yield from _each(key_hint, tuple(value), f"{where} key")
        for key, one in value.items():
            yield from mistyped(value_hint, one, f"{where}.{short(key)}")


def _in_list(hint: Any, values: Any, where: str) -> Iterator[str]:
    if not isinstance(values, tuple):
        yield _other("a list", values, where)
    elif len(values) > ENTRIES_MAX:
        yield f"{where} of {count(len(values), 'entry')}, wanted at most {ENTRIES_MAX:,}"
    else:
        yield from _each(hint, values, where)


def _each(hint: Any, values: tuple[Any, ...], where: str) -> Iterator[str]:
    for number, value in enumerate(values):
        yield from mistyped(hint, value, f"{where}[{number}]")


def _not_plain(hint: Any, value: Any, where: str) -> Iterator[str]:
    if not _is(hint, value):
        yield _other(_wanted(hint), value, where)
    elif isinstance(value, str) and len(value) > TEXT_MAX:
        yield f"{where} of {count(len(value), 'character')}, wanted at most {TEXT_MAX:,}"


def _other(wanted: object, value: Any, where: str) -> str:
    return f"{where} {short(repr(value))}, wanted {wanted}"


@cache
def _hints(cls: Any) -> Mapping[str, Any]:
    return get_type_hints(cls, include_extras=True)


def _is(hint: Any, value: Any) -> bool:
    if hint is Any:
        return True
    if hint is None or hint is type(None):
        return value is None
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, hint) and (hint is bool or not isinstance(value, bool))


def _wanted(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        return " and ".join(map(str, hint.__metadata__))
    if hint is type(None):
        return "nothing"
    return " or ".join(_wanted(one) for one in get_args(hint)) if get_args(hint) else getattr(hint, "__name__", str(hint))
