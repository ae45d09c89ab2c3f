"""The supply of spot instances in a pool, and when it changes. `spot_pool.py` decides which job is interrupted then."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from infra.local.sagemaker.random_streams import random_stream

PLENTY: Final = 1_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Capacity(Protocol):
    """The supply of one pool of spot instances."""

    def at(self, when: datetime) -> int:
        """Return how many instances of the pool the account can have at a time."""
        ...

    def next_change(self, after: datetime) -> datetime | None:
        """Return when the supply changes next; None: never."""
        ...


class Steps:
    """A supply that changes at given times and repeats after `period_s` seconds, so that a trace never ends.

    `steps` are (seconds since `begins_at`, instances) in ascending order, the first at 0. Before `begins_at`, the first step
    applies.
    """

    def __init__(self, begins_at: datetime, steps: Iterable[tuple[float, int]], *, period_s: float) -> None:
        self.begins_at = begins_at
        self.period_s = period_s
        merged: list[tuple[float, int]] = []
        for offset, supply in steps:
            if not merged or merged[-1][1] != supply:
                merged.append((offset, supply))
        self._offsets = [offset for offset, _ in merged]
        self._supplies = [supply for _, supply in merged]

    def at(self, when: datetime) -> int:
        """Return the supply at a time."""
        offset = max((when - self.begins_at).total_seconds(), 0.0) % self.period_s
        return self._supplies[bisect_right(self._offsets, offset) - 1]

    def next_change(self, after: datetime) -> datetime | None:
        """Return the time of the next step, which may be in the next period; None if the supply never changes."""
        if len(self._offsets) == 1:
            return None
        rounds, offset = divmod(max((after - self.begins_at).total_seconds(), 0.0), self.period_s)
        index = bisect_right(self._offsets, offset)
        if index == len(self._offsets):
            rounds, index = rounds + 1, 0
        return self.begins_at + timedelta(seconds=rounds * self.period_s + self._offsets[index])


ALWAYS: Final = Steps(EPOCH, ((0, PLENTY),), period_s=86_400)
"""A pool that always has capacity."""


def from_trace(trace: str | Path | dict[str, Any], begins_at: datetime = EPOCH) -> Steps:
    """Read a trace, a file or a document: `{"metadata": {"gap_seconds": 600}, "data": [instances, …]}`. This is the format of
    skypilot-org/spot-traces. Raises ValueError for a document of another form.
    """
    name = "the trace" if isinstance(trace, dict) else str(trace)
    document = trace if isinstance(trace, dict) else _read(Path(trace))
    try:
        gap_s, data = float(document["metadata"]["gap_seconds"]), [int(supply) for supply in document["data"]]
    except (KeyError, TypeError, ValueError) as error:
        wanted = '{"metadata": {"gap_seconds": seconds}, "data": [instances, …]}'
        raise ValueError(f"{name}: wanted {wanted}, found {json.dumps(document)[:80]}") from error
    if gap_s <= 0 or not data or min(data) < 0:
        raise ValueError(f"{name}: wanted a gap above 0 s and at least one count of 0 or more, found {gap_s} s and {data[:5]}")
    return Steps(begins_at, ((index * gap_s, supply) for index, supply in enumerate(data)), period_s=gap_s * len(data))


def _read(path: Path) -> Any:
    text = path.read_text()
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path}: wanted JSON, found {text[:40]!r}") from error


CAPACITY_PATTERNS: Final = (
    # hours of plenty, hours of shortage, instances in plenty, instances in shortage (each drawn between the bounds)
    ((20, 72), (0.2, 1.5), (16, 64), (2, 8)),  # steady: rarely short
    ((6, 24), (0.5, 4), (6, 24), (0, 4)),  # changeable
    ((1, 6), (1, 8), (2, 10), (0, 2)),  # unreliable: hours without an instance
)


def generate(seed: object, begins_at: datetime, *, days: int = 14) -> Steps:
    """Draw a pool's supply from a seed: plenty and shortage alternate, in one of three patterns."""
    rng = random_stream(seed, "capacity")
    plenty_h, shortage_h, plenty_supply, shortage_supply = rng.choice(CAPACITY_PATTERNS)
    period_s = days * 86_400.0
    steps: list[tuple[float, int]] = []
    offset, is_plenty = 0.0, rng.random() < 0.7
    while offset < period_s:
        hours, supply = (plenty_h, plenty_supply) if is_plenty else (shortage_h, shortage_supply)
        steps.append((float(int(offset)), rng.randint(*supply)))
        offset += 3600 * rng.uniform(*hours)
        is_plenty = not is_plenty
    return Steps(begins_at, steps, period_s=period_s)


CapacityOf = Callable[[str], Capacity]
"""Returns the spot capacity of an instance type."""


def capacity_from(given: CapacityOf | Mapping[str, Capacity] | None, seed: object, begins_at: datetime) -> CapacityOf:
    """The supply of each instance type: from a function or a mapping (other types always have capacity), or drawn from a seed."""
    if given is None:
        return lambda kind: generate(f"{seed}/{kind}", begins_at)
    if isinstance(given, Mapping):
        return lambda kind: given.get(kind, ALWAYS)
    return given
