"""Streams of chance: one for each use, so that a draw more in one does not shift the others."""

from __future__ import annotations

import random


def stream(*names: object) -> random.Random:
    """Make the stream of that name: the same names give the same numbers, in any process."""
    return random.Random("/".join(map(str, names)))  # noqa: S311 - a simulation, not a secret
