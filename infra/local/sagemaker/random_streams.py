"""Independent streams of random numbers, one for each use, so that one more draw in one of them does not shift the others."""

from __future__ import annotations

import random


def random_stream(*names: object) -> random.Random:
    """Return the stream of that name. The same names give the same numbers in every process."""
    return random.Random("/".join(map(str, names)))  # noqa: S311 - a simulation, not a secret
