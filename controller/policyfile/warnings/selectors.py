"""Compares selectors and globs: which one covers another, and which jobs both may select. What is not certain is not said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from controller.jobs.instance import instance_types
from controller.policy.selector import NO_TAG
from controller.policyfile.when.values import WILD

SPECIAL = frozenset("*?[")


def is_literal(pattern: str) -> bool:
    return SPECIAL.isdisjoint(pattern)


def covers(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    """Whether every job of the narrow selector is surely one of the wide one, too."""
    wide_patterns, narrow_patterns = _patterns(wide), _patterns(narrow)
    return all(
        name in narrow_patterns and all(any(_wider(other, one) for other in patterns) for one in narrow_patterns[name])
        for name, patterns in wide_patterns.items()
    )


def overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a job that both select surely can exist."""
    ours, theirs = _patterns(one), _patterns(other)
    return all(any(_meet(a, b) for a in ours[name] for b in theirs[name]) for name in ours.keys() & theirs.keys())


def apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether surely no job is one of both selectors."""
    ours, theirs = _patterns(one), _patterns(other)
    return any(all(_apart(a, b) for a in ours[name] for b in theirs[name]) for name in ours.keys() & theirs.keys())


def known_types(patterns: Iterable[str]) -> frozenset[str]:
    """The instance types of SageMaker training that one of the globs matches."""
    return frozenset().union(*map(_types_of, patterns))


def _patterns(selector: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    tags = {f"tags.{key}": tuple(values) for key, values in selector.get("tags", {}).items()}
    return tags | {name: tuple(values) for name, values in selector.items() if name != "tags"}


def patterns_in(selector: Mapping[str, Any]) -> int:
    """How many patterns a selector has."""
    return sum(map(len, _patterns(selector).values()))


@cache
def _types_of(glob: str) -> frozenset[str]:
    return frozenset(one for one in instance_types() if fnmatchcase(one, glob))


def _wider(wide: str, narrow: str) -> bool:
    """Whether every text that matches ``narrow`` matches ``wide``. ``NO_TAG`` is about jobs without a tag, and no glob is."""
    if NO_TAG in (wide, narrow):
        return wide == narrow
    if wide in (narrow, "*"):
        return True
    if is_literal(narrow):
        return not is_literal(wide) and fnmatchcase(narrow, wide)
    begin = wide[:-1]
    return wide.endswith("*") and is_literal(begin) and narrow.startswith(begin)


def _apart(a: str, b: str) -> bool:
    """Whether surely no text matches both: their texts before the first wildcard differ, or a text is not matched."""
    if NO_TAG in (a, b):
        return a != b and is_literal(a) and is_literal(b)
    if is_literal(a) or is_literal(b):
        return not (_wider(a, b) or _wider(b, a))
    begins = [WILD.split(one, maxsplit=1)[0] for one in (a, b)]
    return not (begins[0].startswith(begins[1]) or begins[1].startswith(begins[0]))


def _meet(a: str, b: str) -> bool:
    """Whether some text surely matches both."""
    return _wider(a, b) or _wider(b, a)
