"""``dataclass`` for value classes: it makes a class in a third of the time that the standard decorator takes.

A Lambda function makes about two hundred of these classes before its first answer. The standard decorator compiles seven methods
for each frozen class with slots. Here only ``__init__`` is compiled, because its speed counts; the other methods are shared
functions. Type checkers see the standard decorator. It also makes the classes that are not frozen or have no slots.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "replace"]

if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:

    def replace(value, /, **changes):
        """Copy a value with some fields changed, as ``dataclasses.replace`` does."""
        names, get = _copied(value.__class__)
        return value.__class__(**dict(zip(names, get(value), strict=True)) | changes)

    def dataclass(cls=None, /, *, frozen=False, slots=False, **options):
        """Make a data class as ``dataclasses.dataclass`` does."""
        if cls is not None or not (frozen and slots) or options.keys() - {"kw_only"}:
            return dataclasses.dataclass(cls, frozen=frozen, slots=slots, **options)
        return lambda plain: _value_class(plain, **options)


@cache
def _copied(made: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    names = tuple(f.name for f in dataclasses.fields(made))
    return names, _getter(names)


def _value_class(plain: type, *, kw_only: bool = False) -> type:
    if plain.__doc__ is None:
        plain.__doc__ = plain.__name__  # otherwise the standard decorator builds one from the signature, which is slow
    own = set(plain.__dict__)
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(plain)
    found = dataclasses.fields(made)
    compared = _getter(tuple(f.name for f in found if f.compare))
    hashed = _getter(tuple(f.name for f in found if (f.compare if f.hash is None else f.hash)))
    methods: dict[str, Any] = {
        "__init__": _init(made, found),
        "__eq__": _eq(compared),
        "__hash__": lambda self: hash(hashed(self)),
        "__repr__": _repr,
        "__getstate__": _state,
        "__setstate__": _restore,
    }
    for name, method in methods.items():
        if name not in own:
            setattr(made, name, method)
    made.__setattr__ = made.__delattr__ = _refuse
    value_class: type = made
    return value_class


def _init(made: type, found: tuple[dataclasses.Field[Any], ...]) -> Callable[..., None]:
    """Compile ``__init__``, the only method that is compiled: arguments with their defaults, and an assignment per field."""
    known: dict[str, Any] = {"set": object.__setattr__, "nothing": _NOTHING, "__name__": made.__module__}
    arguments: dict[bool, list[str]] = {False: [], True: []}
    lines = []
    for number, one in enumerate(found):
        default = "" if one.default is dataclasses.MISSING else f"=d{number}"
        known[f"d{number}"] = one.default
        value = one.name
        if one.default_factory is not dataclasses.MISSING:
            known[f"f{number}"], default = one.default_factory, "=nothing"
            value = f"f{number}() if {one.name} is nothing else {one.name}"
        arguments[bool(one.kw_only)].append(one.name + default)
        lines.append(f" set(self,{one.name!r},{value})")
    if hasattr(made, "__post_init__"):
        lines.append(" self.__post_init__()")
    listed = ["self", *arguments[False], *(["*", *arguments[True]] if arguments[True] else [])]
    exec(f"def __init__({','.join(listed)}):\n" + ("\n".join(lines) or " pass"), known)  # noqa: S102  # names of fields in our own source
    init: Callable[..., None] = known["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


_NOTHING = object()


def _getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    match names:
        case ():
            return lambda self: ()
        case (one,):
            get = attrgetter(one)
            return lambda self: (get(self),)
        case _:
            return attrgetter(*names)


def _eq(compared: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, object], Any]:
    return lambda self, other: compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented


def _repr(self: Any) -> str:
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _state(self: Any) -> list[Any]:
    return [getattr(self, f.name) for f in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for f, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, f.name, value)


def _refuse(self: Any, name: str, *_: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to or delete field {name!r}")
