"""The names of a lineage's attempts and probes, the same each time they are computed. Anybody can use such a name."""

from __future__ import annotations

import hashlib
import re

from controller.ledger.lineage_id import LineageId

NAME_LENGTH_MAX = 63  # SageMaker's TrainingJobName: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}

_OURS = re.compile(r".*-[0-9a-f]{8}-(?:r[0-9]{2,}(?:g[0-9]{1,3})?|p[0-9]{5,})")


def may_be_ours(name: str) -> bool:
    """Whether a name has the form of an attempt's or a probe's. Anybody can give a job such a name."""
    return _OURS.fullmatch(name) is not None


def probe_name(lineage: LineageId, number: int, nth: int) -> str:
    """The name of the nth probe for an attempt: the same each time it is computed."""
    suffix = f"-{hashlib.sha256(str(lineage).encode()).hexdigest()[:8]}-p{number:02d}{nth:03d}"
    return lineage.root[: NAME_LENGTH_MAX - len(suffix)].rstrip("-") + suffix


def attempt_name(lineage: LineageId, number: int, generation: int = 1, identity: str = "") -> str:
    """The name of attempt ``number``: the same each time it is computed, and not the name of another lineage's attempt.

    The hash of the lineage id makes names differ that would otherwise be equal, such as two names that are shortened to 63
    characters. Anybody can compute the name of ``generation`` 1. If that name is taken, the next generation also hashes the
    keyed ``identity``, which nobody else knows.
    """
    if number == 1:
        return lineage.root
    if generation == 1:
        suffix = f"-{hashlib.sha256(str(lineage).encode()).hexdigest()[:8]}-r{number:02d}"
    else:
        salted = f"{lineage}/{number}/{generation}/{identity}"
        suffix = f"-{hashlib.sha256(salted.encode()).hexdigest()[:8]}-r{number:02d}g{generation}"
    return lineage.root[: NAME_LENGTH_MAX - len(suffix)].rstrip("-") + suffix
