"""Independent streams of random numbers, one for each use: a further number from one stream does not change the others."""

from __future__ import annotations

import random


def random_stream(*names: object) -> random.Random:
    """Return a new stream for these names. The same names give the same numbers in every process."""
    return random.Random("/".join(map(str, names)))  # noqa: S311 - a simulation, not a secret
