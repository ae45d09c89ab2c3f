"""Numbers with their nouns, for every text that a person reads: 1 job, 2 jobs, 1,000 entries, once, 3 times."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """A number and its noun, in the plural unless the number is 1. Only the noun's last word changes: 2 resubmit blocks."""
    return f"{number:,} {noun if number == 1 else many(noun)}"


def many(noun: str) -> str:
    """The plural of a noun: jobs, entries, matches, batches."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def times(number: int) -> str:
    """How often: once, 2 times."""
    return "once" if number == 1 else f"{number:,} times"
