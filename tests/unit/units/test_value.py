"""A value class behaves like one of the standard decorator, in everything that this code uses."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import pytest

from controller.units import value

MAKERS: dict[str, Callable[..., Any]] = {"ours": value.dataclass, "standard": dataclasses.dataclass}


def classes(make: Callable[..., Any]) -> tuple[type, type, type]:
    """A class with every kind of field, one that extends it, and one with positional fields and methods of its own."""

    @make(frozen=True, slots=True, kw_only=True)
    class Whole:
        """A class with fields of all kinds."""

        a: int
        b: str = "b"
        c: tuple[int, ...] = dataclasses.field(default=(1,), compare=False)
        d: dict[str, int] = dataclasses.field(default_factory=dict, repr=False, hash=False)
        COUNT: ClassVar[int] = 3

        def __post_init__(self) -> None:
            if self.a < 0:
                raise ValueError(f"found {self.a}, wanted 0 or more")

        @property
        def twice(self) -> int:
            return self.a * 2

    @make(frozen=True, slots=True, kw_only=True)
    class Wider(Whole):  # type: ignore[misc]
        e: int = 5

    @make(frozen=True, slots=True)
    class Placed:
        x: int
        y: int = 0

        def __str__(self) -> str:
            return f"{self.x},{self.y}"

        def __hash__(self) -> int:
            return 7

    return Whole, Wider, Placed


COPIES: tuple[Callable[..., Any], ...] = (value.replace, dataclasses.replace)
BUILT = {name: classes(make) for name, make in MAKERS.items()}
ACTS: dict[str, Callable[[type, type, type], Any]] = {
    "repr": lambda whole, wider, placed: [repr(whole(a=1)), repr(wider(a=1, b="x", e=2)), repr(placed(1)), str(placed(1, 2))],
    "equal": lambda whole, wider, placed: [
        whole(a=1) == whole(a=1, c=(2,)),
        whole(a=1) == whole(a=1, d={"k": 1}),
        whole(a=1) == wider(a=1),
        placed(1) == (1, 0),
        placed(1) != placed(1),
        placed(1) in {placed(1)},
    ],
    "hash": lambda whole, wider, placed: [hash(whole(a=1)) == hash(whole(a=1, c=(2,), d={"k": 1})), hash(placed(3))],
    "defaults": lambda whole, *_: [whole(a=1).d is whole(a=1).d, whole(a=1).c, whole(a=2).twice, whole.COUNT],
    "replace": lambda whole, wider, placed: [
        repr(dataclasses.replace(wider(a=1), e=9)),
        repr(dataclasses.replace(placed(1), y=9)),
    ],
    "asdict": lambda whole, wider, placed: [dataclasses.asdict(wider(a=1)), dataclasses.astuple(placed(1))],
    "fields": lambda *made: [[(f.name, f.kw_only, f.compare) for f in dataclasses.fields(one)] for one in made],
    "match": lambda *made: [one.__match_args__ for one in made],
    "slots": lambda *made: [(one.__slots__, hasattr(one, "__dict__")) for one in made],
    "copy": lambda whole, wider, placed: [copy.copy(whole(a=1)) == whole(a=1), repr(copy.deepcopy(wider(a=1, d={"k": 1})))],
    "missing": lambda whole, *_: whole(),
    "positional": lambda whole, *_: whole(1),
    "unknown": lambda whole, *_: whole(a=1, z=2),
    "post init": lambda whole, *_: whole(a=-1),
    "assign": lambda whole, *_: setattr(whole(a=1), "a", 2),
    "delete": lambda whole, *_: delattr(whole(a=1), "a"),
}


def outcome(act: Callable[[type, type, type], Any], made: tuple[type, type, type]) -> Any:
    try:
        return act(*made)
    except Exception as problem:
        return type(problem)


@pytest.mark.parametrize("act", ACTS)
def test_a_value_class_behaves_as_one_of_the_standard_decorator(act: str) -> None:
    assert outcome(ACTS[act], BUILT["ours"]) == outcome(ACTS[act], BUILT["standard"])


@value.dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    a: int
    b: tuple[int, ...] = ()


def test_a_value_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Stored(a=1, b=(2,)))) == Stored(a=1, b=(2,))  # noqa: S301  # our own bytes


@pytest.mark.parametrize("changes", [{"e": 9, "b": "x"}, {"a": -1}, {"z": 1}])
def test_a_copy_with_changes_is_that_of_the_standard_function(changes: dict[str, Any]) -> None:
    for made in BUILT.values():
        one = made[1](a=1, d={"k": 1})
        ours, standard = (outcome(partial(_copy, copied, one, changes), made) for copied in COPIES)
        assert ours == standard


def _copy(copied: Callable[..., Any], one: Any, changes: dict[str, Any], *_: type) -> Any:
    return copied(one, **changes)


def test_what_is_not_frozen_or_has_an_order_is_made_by_the_standard_decorator() -> None:
    @value.dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        a: int

    @value.dataclass(slots=True)
    class Open:
        a: int

    @value.dataclass
    class Plain:
        a: int

    opened = Open(1)
    opened.a = 2
    assert (Ordered(1) < Ordered(2), opened.a, Plain(1)) == (True, 2, Plain(1))


@value.dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    pass


def test_a_class_without_fields_has_one_value() -> None:
    assert value.replace(Bare()) == Bare()
    assert hash(Bare()) == hash(())
