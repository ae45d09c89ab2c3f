"""Compares selectors and globs: whether one covers another, and whether a job can match both. In doubt, the answer is no."""

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
    """Whether every job that ``narrow`` selects is certainly selected by ``wide`` too."""
    wide_patterns, narrow_patterns = _patterns(wide), _patterns(narrow)
    return all(
        name in narrow_patterns and all(any(_wider(other, one) for other in patterns) for one in narrow_patterns[name])
        for name, patterns in wide_patterns.items()
    )


def overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a job that both select can certainly exist."""
    ours, theirs = _patterns(one), _patterns(other)
    return all(any(_meet(a, b) for a in ours[name] for b in theirs[name]) for name in ours.keys() & theirs.keys())


def apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether certainly no job is selected by both."""
    ours, theirs = _patterns(one), _patterns(other)
    return any(all(_apart(a, b) for a in ours[name] for b in theirs[name]) for name in ours.keys() & theirs.keys())


def known_types(patterns: Iterable[str]) -> frozenset[str]:
    """The instance types of SageMaker training that match one of the globs."""
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
    """Whether every text that matches ``narrow`` matches ``wide``. ``NO_TAG`` selects jobs without a tag, which no glob does."""
    if NO_TAG in (wide, narrow):
        return wide == narrow
    if wide in (narrow, "*"):
        return True
    if is_literal(narrow):
        return not is_literal(wide) and fnmatchcase(narrow, wide)
    begin = wide[:-1]
    return wide.endswith("*") and is_literal(begin) and narrow.startswith(begin)


def _apart(a: str, b: str) -> bool:
    """Whether certainly no text matches both: they differ before the first wildcard, or one is a text that the other excludes."""
    if NO_TAG in (a, b):
        return a != b and is_literal(a) and is_literal(b)
    if is_literal(a) or is_literal(b):
        return not (_wider(a, b) or _wider(b, a))
    begins = [WILD.split(one, maxsplit=1)[0] for one in (a, b)]
    return not (begins[0].startswith(begins[1]) or begins[1].startswith(begins[0]))


def _meet(a: str, b: str) -> bool:
    """Whether a text certainly matches both."""
    return _wider(a, b) or _wider(b, a)
