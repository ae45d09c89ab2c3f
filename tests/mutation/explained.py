"""Mutants that may survive, each with the reason why no test of behaviour should kill it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.mutation.mutants import Mutant

EXPLAINED: Mapping[tuple[str, str], str] = {}
"""By the file and the line that the mutant adds: the reason."""


def reason_of(mutant: Mutant) -> str:
    """Why a mutant may survive; empty without an explanation."""
    return EXPLAINED.get((mutant.path, " ".join(line.strip() for line in mutant.added)), "")
